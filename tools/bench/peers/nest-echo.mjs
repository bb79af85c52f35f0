// The same reply from Nest on Fastify, as a controller returns it: an object, serialised for each request. No
// authentication, no database, no log. Its arguments: port, file with the reply as JSON.
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const [port, file] = process.argv.slice(2);
const { headers, body } = JSON.parse(readFileSync(file, 'utf8'));
const session = JSON.parse(body);
const own = headers.filter(([name]) => !['content-length', 'date', 'connection', 'keep-alive'].includes(name));

class SessionsController {
  read() {
    return session;
  }
}
// Decorators as functions: this file is run as it is.
Get(['v1/sessions/:id', 'ready'])(
  SessionsController.prototype,
  'read',
  Object.getOwnPropertyDescriptor(SessionsController.prototype, 'read'),
);
Controller()(SessionsController);

class EchoModule {}
Module({ controllers: [SessionsController] })(EchoModule);

const app = await NestFactory.create(EchoModule, new FastifyAdapter(), { logger: ['error'] });
app
  .getHttpAdapter()
  .getInstance()
  .addHook('onRequest', (_request, reply, done) => {
    for (const [name, value] of own) reply.header(name, value);
    done();
  });
await app.listen(Number(port), '127.0.0.1');
