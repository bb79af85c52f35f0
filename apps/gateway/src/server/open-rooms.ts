import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem.js';
import { ROUTES } from '../routing/routes.js';
import type { RoomsController } from '../sessions/rooms.controller.js';
import type { ProblemFilter } from './problem.filter.js';

/**
 * Lets Fastify call the handler that opens rooms, without Nest in between: the handler reads its request itself, so that
 * guards, pipes and interceptors have nothing to do, and at kick-off they cost as much as the handler. All hooks run as for
 * every route. Must be called before routes are registered.
 */
export function openRoomsWithoutNest(server: FastifyInstance, rooms: RoomsController, filter: ProblemFilter): void {
  server.addHook('onRoute', (route) => {
    if (route.method !== ROUTES.openRoom.method || route.url !== ROUTES.openRoom.path) return;
    route.handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      try {
        const { room } = request.params as { room: string };
        // `/v1/rooms//session` is no path of this route, as with Nest.
        if (room === '') throw new ProblemError('not-found');
        return await rooms.open(request as FastifyRequest<{ Params: { room: string } }>, reply);
      } catch (error) {
        filter.reply(error, request, reply);
        return reply;
      }
    };
  });
}
