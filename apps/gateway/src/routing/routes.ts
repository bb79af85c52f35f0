import type { Scope } from '@app/kernel';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As Fastify writes it, `:name` for a parameter. */
  path: string;
  /** The scope that callers need; null for routes without a credential. */
  scope: Scope | null;
  /** A second scope that they need as well. */
  also?: Scope;
  /** What tickets may use it for; without it, none may use it. */
  ticket?: TicketUse;
  /** Only API keys may use it. */
  keysOnly?: boolean;
}

/**
 * `session`: a ticket for the session `:tokenId`, or for its room. `room`: a ticket for the room `:room`. `self`: any
 * ticket, for its own subject, which is `me` as `:subject`.
 */
export type TicketUse = 'session' | 'room' | 'self';

/** Every route of the public API. Authentication, 405 with `Allow`, the OpenAPI document and the tests read this table. */
export const ROUTES = {
  createSession: { method: 'POST', path: '/v1/sessions', scope: 'sessions:create' },
  listSessions: { method: 'GET', path: '/v1/sessions', scope: 'admin' },
  openRoom: { method: 'PUT', path: '/v1/rooms/:room/session', scope: 'rooms:open', ticket: 'room' },
  readRoom: { method: 'GET', path: '/v1/rooms/:room/session', scope: 'rooms:open', ticket: 'room' },
  readSession: { method: 'GET', path: '/v1/sessions/:tokenId', scope: 'sessions:read', ticket: 'session' },
  streamSession: { method: 'GET', path: '/v1/sessions/:tokenId/events', scope: 'sessions:read', ticket: 'session' },
  closeSession: { method: 'DELETE', path: '/v1/sessions/:tokenId', scope: 'sessions:close' },
  retrySession: { method: 'POST', path: '/v1/sessions/:tokenId/retry', scope: 'sessions:create' },
  rotateSession: {
    method: 'POST',
    path: '/v1/sessions/:tokenId/rotate',
    scope: 'sessions:close',
    also: 'rooms:open',
  },
  readTimeline: { method: 'GET', path: '/v1/sessions/:tokenId/timeline', scope: 'admin' },
  takeSeat: { method: 'POST', path: '/v1/sessions/:tokenId/seats', scope: 'seats:take', ticket: 'session' },
  listSeats: { method: 'GET', path: '/v1/sessions/:tokenId/seats', scope: 'seats:read' },
  renewSeat: { method: 'PUT', path: '/v1/sessions/:tokenId/seats/:seatId', scope: 'seats:take', ticket: 'session' },
  freeSeat: { method: 'DELETE', path: '/v1/sessions/:tokenId/seats/:seatId', scope: 'seats:take', ticket: 'session' },
  issueSessionTicket: {
    method: 'POST',
    path: '/v1/sessions/:tokenId/tickets',
    scope: 'tickets:issue',
    keysOnly: true,
  },
  issueRoomTicket: { method: 'POST', path: '/v1/rooms/:room/tickets', scope: 'tickets:issue', keysOnly: true },
  createWebhook: { method: 'POST', path: '/v1/webhooks', scope: 'webhooks:manage' },
  listWebhooks: { method: 'GET', path: '/v1/webhooks', scope: 'webhooks:manage' },
  readWebhook: { method: 'GET', path: '/v1/webhooks/:webhookId', scope: 'webhooks:manage' },
  updateWebhook: { method: 'PATCH', path: '/v1/webhooks/:webhookId', scope: 'webhooks:manage' },
  deleteWebhook: { method: 'DELETE', path: '/v1/webhooks/:webhookId', scope: 'webhooks:manage' },
  pingWebhook: { method: 'POST', path: '/v1/webhooks/:webhookId/ping', scope: 'webhooks:manage' },
  rotateWebhookSecret: { method: 'POST', path: '/v1/webhooks/:webhookId/rotate-secret', scope: 'webhooks:manage' },
  replayWebhook: { method: 'POST', path: '/v1/webhooks/:webhookId/replay', scope: 'webhooks:manage' },
  listWebhookDeliveries: { method: 'GET', path: '/v1/webhooks/:webhookId/deliveries', scope: 'webhooks:manage' },
  replayWebhookDelivery: {
    method: 'POST',
    path: '/v1/webhooks/:webhookId/deliveries/:deliveryId/replay',
    scope: 'webhooks:manage',
  },
  openChatToken: { method: 'PUT', path: '/v1/chat-tokens/:subject', scope: 'chat:mint', ticket: 'self' },
  readChatToken: { method: 'GET', path: '/v1/chat-tokens/:subject', scope: 'chat:mint', ticket: 'self' },
  closeChatToken: { method: 'DELETE', path: '/v1/chat-tokens/:subject', scope: 'chat:mint', ticket: 'self' },
  readPool: { method: 'GET', path: '/v1/pool', scope: 'admin' },
  planPool: { method: 'PUT', path: '/v1/pool', scope: 'admin' },
  readAudit: { method: 'GET', path: '/v1/audit', scope: 'admin' },
  createRoom: { method: 'POST', path: '/room/create', scope: null },
  getRoom: { method: 'GET', path: '/room/:name', scope: null },
  livez: { method: 'GET', path: '/livez', scope: null },
  readyz: { method: 'GET', path: '/readyz', scope: null },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;

const all: Route[] = Object.values(ROUTES);

/** Every scope that callers of a route need. */
export function requiredScopes({ scope, also }: Route): Scope[] {
  return [scope, also ?? null].filter((one) => one !== null);
}

/** The route that Fastify has matched. HEAD counts as GET. */
export function routeOf(method: string, path: string | undefined): Route | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method;
  return all.find((route) => route.path === path && route.method === wanted);
}

/** The methods of a concrete path, HEAD with GET. Empty for an unknown path. */
export function allowedMethods(path: string): string[] {
  const methods = all.filter((route) => matches(route.path, path)).map((route) => route.method as string);
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]))
  );
}
