import { ConfigService, type SettingsService } from '@app/config';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

interface IndexOptions {
  /** `http://host:port` of this server. */
  origin: string;
  swagger: boolean;
  demo: boolean;
}

/** `GET /` in development: what this server serves, as plain text, so that the command can be copied. */
export function serveIndex(app: NestFastifyApplication): void {
  const settings = app.get<SettingsService<'demo' | 'http'>>(ConfigService);
  const { index, swagger } = settings.get('http', { infer: true });
  if (!index) return;
  const { on: demo } = settings.get('demo', { infer: true });
  const server = app.getHttpAdapter().getInstance();
  server.get('/', (request, reply) => {
    // Not the Host header: a client chooses it, and it would become part of a shell command.
    const origin = `http://127.0.0.1:${request.socket.localPort ?? 0}`;
    return reply.type('text/plain; charset=utf-8').send(indexText({ origin, swagger, demo }));
  });
}

function indexText({ origin, swagger, demo }: IndexOptions): string {
  const rows = [
    ...(swagger
      ? [
          ['Swagger UI', '/docs'],
          ['OpenAPI', '/openapi.json'],
        ]
      : []),
    ...(demo ? [['watch page', '/demo']] : []),
    ['liveness', '/livez'],
    ['readiness', '/readyz'],
  ];
  return [
    'WatchTogether Auth Server, in development\n',
    ...rows.map(([name = '', path = '']) => `  ${name.padEnd(12)}${origin}${path}`),
    '\nOpen a room with API_KEY set to an API key (npm start prints one):\n',
    `  curl -sX PUT ${origin}/v1/rooms/derby/session -H "Authorization: Bearer $API_KEY" -H 'Prefer: wait=10'\n`,
  ].join('\n');
}
