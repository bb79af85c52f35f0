import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { API_KEY } from '@app/kernel';
import { AdmissionService } from '../support/admission-service.js';
import { Canaries, databaseDump, processTitle, redisDump } from '../support/canary.js';
import { chatOf } from '../support/chat.js';
import type { FaultCommand } from '../support/cas-sandbox.js';
import { Client, type Reply } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { describeOn, QUEUES } from '../support/test-app.js';
import { Process } from '../support/process.js';
import { sendRaw } from '../support/raw-http.js';
import { renewSeat, takeSeat } from '../support/seats.js';
import { expectHeld, expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';
import { issueFor, ticketOf } from '../support/tickets.js';
import { TraceReceiver } from '../support/trace-receiver.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { createWebhook, deliveriesOf } from '../support/webhooks.js';

const canary = (name: string) => `canary-${name}-${randomBytes(16).toString('hex')}`;

const A_TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** What the last nets put in place of a secret. Nothing may ever get that far. */
const NETS = /\[(?:token|ticket|api key|password|redacted)\]/;

/** Every way in which the vendor can be bad, with calls between that are good: else the breaker would leave it alone. */
function badDays(elsewhere: string): FaultCommand[] {
  const once = (fault: FaultCommand): FaultCommand => ({ ...fault, times: 1 });
  const faults: FaultCommand[] = [
    ...[500, 503, 429, 302, 200, 204].map((status) => ({ kind: 'status' as const, status, echo: true })),
    { kind: 'status', status: 502 },
    ...(['reset', 'garbage', 'wrong-type', 'empty', 'no-token', 'not-a-jwt', 'expired-token'] as const).map((kind) => ({
      kind,
    })),
    ...(['huge', 'gzip-bomb', 'drip', 'hang'] as const).map((kind) => ({ kind })),
    { kind: 'delay', delayMs: 1500 },
    { kind: 'redirect', location: elsewhere },
    { kind: 'redirect', location: '/stream/token/v2/?again' },
    // These end a session.
    ...[400, 401, 403].map((status) => ({ kind: 'status' as const, status, echo: true })),
  ];
  const goodOnes: FaultCommand[] = [{ kind: 'far-token' }, { kind: 'no-exp' }, { kind: 'delay', delayMs: 1 }];
  return faults.flatMap((fault, i) => [
    once(fault),
    ...(i % 3 === 2 ? goodOnes.slice(((i / 3) % 3) | 0, (((i / 3) % 3) | 0) + 1).map(once) : []),
  ]);
}

for (const queue of QUEUES) {
  describeOn(queue)(`secrets, with the queue in ${queue}`, () => {
    const canaries = new Canaries();
    const replies: Reply<unknown>[] = [];
    const processes: Process[] = [];
    let deployment: TestDeployment;
    let provider: IdentityProvider;
    let admission: AdmissionService;
    let proxy: Server;
    let receiver: WebhookReceiver;
    let traces: TraceReceiver;
    let jwt: string;
    let createdKey: string;
    let ticket: string;

    const redisPassword = canary('redis');
    const proxyPassword = canary('proxy');
    const malformed = canary('malformed');
    const receiverSecret = canary('otlp');

    beforeAll(async () => {
      provider = await IdentityProvider.start();
      admission = await AdmissionService.start();
      receiver = await WebhookReceiver.start();
      traces = await TraceReceiver.start();
      proxy = createServer().on('connect', (request, socket) => {
        const said = String(request.headers['proxy-authorization']);
        socket.end(`HTTP/1.1 407 ${said}\r\nproxy-authenticate: Basic realm="${said}"\r\n\r\n${said}`);
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      deployment = await TestDeployment.start({
        queue,
        ownPostgres: true,
        redisPassword,
        env: {
          LOG_LEVEL: 'trace',
          // One call after the other, so that each meets the fault that is meant for it.
          MINT_CONCURRENCY: '1',
          CAS_TIMEOUT_MS: '1000',
          BOOT_TIMEOUT_S: '10',
          OIDC_ISSUER: provider.issuer,
          OIDC_AUDIENCE: 'watch',
          OIDC_DEFAULT_SCOPES: 'sessions:create,sessions:read,tokens:read,chat:mint',
          ROOM_API: 'on',
          ...admission.env,
          ROOM_API_WAIT_S: '5',
          WEBHOOK_ALLOW: '127.0.0.1',
          ...traces.env,
          OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${receiverSecret}`,
        },
      });
      jwt = await provider.token('anna');
      canaries.plant('BOOTSTRAP_API_KEY', secretOf(deployment.apiKey));
      canaries.plant('CAS_API_KEY', deployment.cas.apiKey);
      canaries.plant('CAS_API_SECRET', deployment.cas.apiSecret);
      canaries.plant('TOKEN_ENCRYPTION_KEYS', ...sealingSecrets(deployment.sealingKeys));
      canaries.plant('ADMISSION_SECRET', admission.secret.replace('whsec_', ''));
      canaries.plant('DATABASE_URL', new URL(deployment.database.url).password);
      canaries.plant('REDIS_URL', redisPassword);
      canaries.plant('HTTPS_PROXY', proxyPassword);
      canaries.plant('a malformed secret', malformed);
      canaries.plant('OTEL_EXPORTER_OTLP_HEADERS', receiverSecret);
      canaries.plant('a JWT of a person', jwt, signatureOf(jwt));
    }, 120_000);
    afterAll(async () => {
      await deployment.end();
      await Promise.all([provider.close(), admission.close(), receiver.close(), traces.close()]);
      await new Promise((resolve) => proxy.close(resolve));
    }, 60_000);
    /** What waits or has just failed is in the stores only for a moment, so they are looked at each time. */
    afterEach(async () => {
      expect(await storesHold()).toEqual([]);
    }, 60_000);

    /** Keeps a reply, and plants the tokens that it reveals. They are looked for without the place where they belong. */
    function keep<T>(reply: Reply<T>): Reply<T> {
      const revealed: string[] = [];
      const text = reply.text.replace(/"(?:tokens":\{[^}]*\}|(?:(?:(?:wt|sync)_)?token|ticket)":"[^"]*")/g, (place) => {
        if (reply.status < 300) revealed.push(...(place.match(/eyJ[\w.-]+/g) ?? []));
        return reply.status < 300 ? '"revealed":0' : place;
      });
      for (const token of revealed) canaries.plant('a token', token, signatureOf(token));
      replies.push({ ...reply, text, body: undefined });
      return reply;
    }

    async function storesHold(): Promise<string[]> {
      const database = canaries.in(await databaseDump(deployment.database)).map((name) => `${name} in the database`);
      if (deployment.redis === undefined) return database;
      const redis = canaries.in(await redisDump(deployment.redis.url)).map((name) => `${name} in Redis`);
      return [...database, ...redis];
    }

    /** Runs a process to its end and keeps it for the search. */
    async function run(process: Process): Promise<{ code: number | null; process: Process }> {
      processes.push(process);
      const { code } = await process.exited;
      await process.silent;
      return { code, process };
    }

    const cli = (args: string[], env: Record<string, string> = {}) =>
      new Process('cli', { NODE_ENV: 'test', DATABASE_URL: deployment.database.url, ...env }, args);

    const open = async (...rooms: string[]): Promise<string[]> =>
      Promise.all(
        rooms.map(async (room) => (keep(await deployment.client().openRoom(room)) as Reply<{ id: string }>).body.id),
      );

    it('are used: keys, persons, tokens of both products, rooms of the drop-in adapter', async () => {
      const create = cli(['keys', 'create', '--name', 'backend', '--scopes', 'admin']);
      await create.exited;
      await create.silent;
      createdKey = create.text.find((line) => API_KEY.test(line)) ?? '';
      canaries.plant('a created key', secretOf(createdKey));
      const backend = new Client(deployment.gateway.url, createdKey);
      const person = new Client(deployment.gateway.url, jwt);
      const visitor = new Client(deployment.gateway.url, null);
      deployment.clients.unshift(backend, person, visitor);
      const made = keep(await backend.openRoom('derby', { wait: 10, body: { products: ['stream', 'sync'] } }));
      expect(made.status).toBe(201);
      expect(keep(await person.read(made.body.id)).body.tokens).toEqual(made.body.tokens);
      for (const place of [{ session: made.body.id }, { room: 'derby' }]) {
        const issued = keep(await issueFor(backend, place, { subject: 'u-4711', name: 'Anna' }));
        ticket = ticketOf(issued);
        const page = new Client(deployment.gateway.url, ticket);
        deployment.clients.unshift(page);
        expect(keep(await page.read(made.body.id)).body.tokens).toEqual(made.body.tokens);
        expect(keep(await page.send('HEAD', `/v1/sessions/${made.body.id}/events`)).status).toBe(200);
        expect(keep(await page.close(made.body.id)).status).toBe(403);
      }
      keep(await person.create({ wait: 10, key: 'once' }));
      const seat = keep(await takeSeat(backend, made.body.id, 'Anna'));
      expect(seat.body.tokens).toEqual(made.body.tokens);
      keep(await takeSeat(backend, made.body.id, 'anna'));
      keep(await renewSeat(backend, seat.body));
      keep(await backend.send('GET', `/v1/sessions/${made.body.id}/seats`));
      const { body: old } = keep(await backend.openRoom('final', { wait: 10 }));
      expect(keep(await backend.rotate(old.id, { wait: 10 })).status).toBe(201);
      for (const [client, subject] of [[backend, 'ben'] as const, [person, 'me'] as const]) {
        const chat = keep(await chatOf(client).put(subject, { wait: 10 }));
        expect([chat.status, chat.body.token]).toEqual([201, expect.stringMatching(/^eyJ/)]);
        keep(await chatOf(client).get(subject));
        keep(await chatOf(client).end(subject));
      }
      keep(await visitor.send('POST', '/room/create', { body: { name: 'derby' } }));
      keep(await visitor.send('GET', '/room/derby'));
      keep(await backend.send('GET', '/v1/sessions'));
      for (const path of ['/openapi.json', '/docs', '/livez', '/readyz']) keep(await visitor.send('GET', path));
      // Denials and missing answers are reported without the secret that signs the request.
      const fresh = new Client(deployment.gateway.url, deployment.apiKey);
      deployment.clients.unshift(fresh);
      admission.answer = () => ({ allow: false, reason: 'not tonight' });
      expect(keep(await fresh.read(made.body.id)).status).toBe(403);
      admission.answer = ({ who }, response) => void response.writeHead(500).end(JSON.stringify(who));
      expect(keep(await fresh.read(made.body.id)).status).toBe(503);
      admission.reset();
      const closed = keep(await backend.create({ wait: 10 }));
      keep(await backend.close(closed.body.id));
      keep(await backend.read(closed.body.id));
    }, 60_000);

    it('sign webhooks, to a receiver that repeats them', async () => {
      const client = new Client(deployment.gateway.url, createdKey);
      deployment.clients.unshift(client);
      const { id, secret } = await createWebhook(client, receiver, { includeMetadata: true });
      const path = `/v1/webhooks/${id}`;
      const rotated = (await client.send<{ secret: string }>('POST', `${path}/rotate-secret`)).body.secret;
      canaries.plant('webhook secrets', ...[secret, rotated].map((one) => one.replace('whsec_', '')));
      receiver.always({ kind: 'status', status: 500, text: `not signed by ${secret} or ${rotated}` });
      await open('webhooks');
      keep(await client.send('POST', `${path}/ping`));
      await eventually(async () => {
        const attempts = (await deliveriesOf(client, id)).flatMap((one) => one.attempts);
        expect(attempts.map(({ reply }) => reply)).toContain('not signed by [webhook secret] or [webhook secret]');
      });
      keep(await client.send('GET', `${path}/deliveries`));
      keep(await client.send('GET', '/v1/webhooks'));
      keep(await client.send('GET', path));
      keep(await client.send('POST', '/v1/webhooks', { body: { url: `https://x/${secret}`, [secret]: secret } }));
      keep(await client.send('GET', `/v1/webhooks/${secret}/deliveries?cursor=${secret}`));
      receiver.always({ kind: 'status', status: 410 });
      await client.send('POST', `${path}/replay`, { body: { since: '2026-01-01T00:00:00Z', only: 'all' } });
      await eventually(async () => {
        expect((await client.send<{ disabledReason: string }>('GET', path)).body.disabledReason).toBe('gone');
      });
      const env = { TOKEN_ENCRYPTION_KEYS: deployment.sealingKeys };
      for (const args of [['list'], ['deliveries', id], ['ping', secret]]) await run(cli(['webhooks', ...args], env));
    }, 60_000);

    it('come back in credentials that are almost right, and in places where they do not belong', async () => {
      const token = await vendorToken();
      const wrong = `${deployment.apiKey.slice(0, -1)}${deployment.apiKey.endsWith('a') ? 'b' : 'a'}`;
      canaries.plant('an almost right key', secretOf(wrong));
      const secrets = [deployment.apiKey, wrong, jwt, `${jwt}x`, ticket, `${ticket}x`, token];
      for (const secret of secrets) {
        for (const authorization of [`Bearer ${secret}x`, `Basic ${secret}`, secret, `Bearer ${secret} ${secret}`]) {
          keep(await deployment.client().send('GET', '/v1/sessions/ses_x', { headers: { authorization } }));
        }
        keep(await new OneShot(deployment.gateway.url, secret).send('GET', '/v1/sessions'));
        keep(await deployment.client().send('GET', `/v1/sessions?access_token=${secret}&${secret}=1&cursor=${secret}`));
        keep(await deployment.client().send('GET', `/v1/sessions/${secret}`));
        keep(await deployment.client().send('GET', `/v1/sessions/${secret}/events`));
        keep(await deployment.client().rotate(secret));
        keep(await takeSeat(deployment.client(), secret, secret));
        keep(await renewSeat(deployment.client(), { session: secret, id: secret }));
        keep(await deployment.client().send('GET', `/v1/rooms/${secret}%2F/session`));
        keep(await deployment.client().send('PUT', `/v1/chat-tokens/${secret}%00`));
        keep(await deployment.client().send('PUT', `/v1/chat-tokens/${secret}/${secret}`));
        keep(await deployment.client().send('PATCH', `/${secret}/${secret}`));
        keep(await deployment.client().send('GET', `/room/${secret}%2F`));
        keep(await deployment.client().send('POST', `/room/create`, { body: { name: `${secret}/` } }));
        keep(await deployment.client().create({ body: { [secret]: 1, products: [secret] } }));
        keep(await deployment.client().create({ body: `{"metadata": ${secret}` }));
        keep(await deployment.client().create({ body: secret, headers: { 'content-type': secret } }));
        keep(await deployment.client().create({ key: `${secret}${'x'.repeat(256)}` }));
        keep(
          await deployment
            .client()
            .create({ wait: 0, headers: { prefer: `wait=${secret}`, 'x-forwarded-for': secret } }),
        );
        for (const bytes of [`${secret} / HTTP/1.1\r\n\r\n`, `GET / HTTP/1.1\r\n${secret}\r\n\r\n`]) {
          const { status, headers, text } = await sendRaw(deployment.gateway.url, bytes);
          keep({ status, headers, text, body: undefined });
        }
      }
      for (const secret of [deployment.cas.apiKey, deployment.cas.apiSecret, redisPassword, malformed]) {
        keep(await deployment.client().send('GET', `/v1/sessions?access_token=${secret}`));
        keep(await deployment.client().create({ body: `{"metadata": ${secret}`, headers: { 'x-secret': secret } }));
        const context = { traceparent: secret, tracestate: `wt=${secret}`, baggage: `wt=${secret}` };
        keep(await deployment.client().create({ body: {}, headers: context }));
        keep(await deployment.client().create({ body: {}, headers: { ...context, traceparent: A_TRACE } }));
        keep(await deployment.client().send('GET', '/v1/sessions', { headers: { authorization: `Bearer ${secret}` } }));
      }
    }, 60_000);

    it('go through every fault of the vendor, which says them aloud', async () => {
      // The receiver of traces does the same.
      traces.status = 500;
      traces.reply = ({ headers, text }) => JSON.stringify(headers) + text;
      const { apiKey, apiSecret } = deployment.cas;
      const faults = badDays(`http://127.0.0.1:9/${apiKey}?secret=${apiSecret}`);
      for (const fault of faults) await deployment.cas.fault(fault);
      const ids = await open(...faults.map((_, i) => `vendor ${i}`));
      await eventually(async () => {
        const [row] = await deployment.database.rows<{ pending: number }>(
          `SELECT count(*)::int AS pending FROM sessions WHERE id = ANY ($1) AND status = 'pending'`,
          [ids],
        );
        expect(row?.pending).toBe(0);
      }, 90_000);
      for (const id of ids) keep(await deployment.client().read(id));
      expect(await deployment.cas.faults()).toEqual([]);
      expect(deployment.gateway.lines.map(({ msg }) => msg).join()).toContain('receiver of traces unavailable');
      traces.status = 200;
    }, 120_000);

    it('go through a proxy that refuses them', async () => {
      await deployment.worker.end();
      const ids = await open('by proxy');
      const { port } = proxy.address() as AddressInfo;
      const worker = deployment.launch('worker', {
        CAS_URL: 'https://cas.example',
        HTTPS_PROXY: `http://operator:${proxyPassword}@127.0.0.1:${port}`,
      });
      processes.push(worker);
      await worker.waitUntilUp();
      const before = await attempts(ids);
      await eventually(async () => {
        expect(await attempts(ids)).toBeGreaterThan(before);
      }, 30_000);
      await searchOps(worker);
      await worker.end();
      await deployment.startWorker();
      await expectReady(deployment, ids, 30_000);
    }, 90_000);

    it('go through crashes of everything', async () => {
      await deployment.cas.fault({ kind: 'hang' });
      const ids = await open('crash 1', 'crash 2');
      await expectHeld(deployment, 1);
      expect(await storesHold()).toEqual([]);
      await deployment.worker.kill9();
      await deployment.cas.clearFaults();
      await deployment.stopPostgres('fast');
      keep(await deployment.client().read(ids[0] ?? ''));
      keep(await deployment.client().openRoom('away'));
      keep(
        await deployment.client().send('GET', '/v1/sessions', { headers: { authorization: `Bearer ${createdKey}` } }),
      );
      keep(await deployment.client().send('GET', '/readyz'));
      await deployment.restartPostgres();
      await deployment.startWorker();
      if (queue === 'redis') {
        await deployment.stopRedis();
        await eventually(async () => {
          ids.push(...(await open('without redis')));
        }, 20_000);
        await deployment.restartRedis();
      }
      await expectReady(deployment, ids, 60_000);
    }, 120_000);

    it('go through a gateway that does not have the sealing key', async () => {
      const other = `k9:${randomBytes(32).toString('base64')}`;
      canaries.plant('another TOKEN_ENCRYPTION_KEYS', ...sealingSecrets(other));
      const [id = ''] = await open('derby');
      const gateway = deployment.launch('gateway', { TOKEN_ENCRYPTION_KEYS: other });
      processes.push(gateway);
      await gateway.waitUntilUp();
      expect(keep(await new OneShot(gateway.url, deployment.apiKey).send('GET', `/v1/sessions/${id}`)).status).toBe(
        503,
      );
      await searchOps(gateway);
      await gateway.end();
    }, 60_000);

    it('are not printed by processes that Redis does not let in', async () => {
      if (queue !== 'redis') return;
      const wrong = randomBytes(24).toString('hex');
      canaries.plant('a wrong Redis password', wrong);
      const url = new URL(deployment.redis?.url ?? '');
      url.password = wrong;
      const gateway = deployment.launch('gateway', { REDIS_URL: url.href });
      processes.push(gateway);
      await gateway.waitUntilUp();
      expect(keep(await new OneShot(gateway.url, deployment.apiKey).send('PUT', '/v1/rooms/x/session')).status).toBe(
        202,
      );
      await eventually(() => {
        expect(gateway.lines.some(({ msg }) => msg.includes('queue unavailable'))).toBe(true);
      });
      await searchOps(gateway);
      await gateway.end();
      const worker = deployment.launch('worker', { REDIS_URL: url.href, BOOT_TIMEOUT_S: '2' });
      processes.push(worker);
      expect((await worker.exited).code).toBe(1);
      expect([gateway, worker].map((one) => one.everything()).join()).not.toMatch(/WRONGPASS|NOAUTH/);
    }, 60_000);

    it('are refused by processes that cannot start with them', async () => {
      const twice = join(deployment.directory, 'secret');
      const wrong: ['gateway' | 'worker', Record<string, string>][] = [
        [
          'worker',
          { REDIS_URL: `redis://:${malformed}@127.0.0.1:${deployment.redis?.port ?? 9}`, BOOT_TIMEOUT_S: '2' },
        ],
        ['gateway', { DATABASE_URL: `mysql://postgres:${malformed}@127.0.0.1/x` }],
        ['gateway', { DATABASE_URL: `postgres://postgres:${malformed}@127.0.0.1:port/x` }],
        ['gateway', { ADMISSION_SECRET: malformed }],
        ['worker', { CAS_API_SECRET: `${malformed}-ü\u20ac` }],
        ['gateway', { BOOTSTRAP_API_KEY: `wtk_x_${malformed}`, TOKEN_ENCRYPTION_KEYS: malformed }],
        ['gateway', { TOKEN_ENCRYPTION_KEYS: `k1:${malformed}`, TOKEN_ENCRYPTION_KEYS_FILE: twice }],
        ['gateway', { TOKEN_ENCRYPTION_KEYS: `${deployment.sealingKeys},k1:${Buffer.alloc(32).toString('base64')}` }],
        ['worker', { CAS_URL: `ftp://${malformed}`, CAS_API_KEY: '', HTTPS_PROXY: `ftp://x:${malformed}@y` }],
        ['worker', { CAS_API_SECRET: malformed, CAS_API_SECRET_FILE: twice, REDIS_URL: `http://:${malformed}@x` }],
        [
          'gateway',
          { DATABASE_URL: deployment.database.url.replace(/:[^:@]*@/, `:${malformed}@`), BOOT_TIMEOUT_S: '2' },
        ],
      ];
      await Promise.all(
        // Only the first has to do with where the queue is.
        (queue === 'redis' ? wrong.slice(0, 1) : wrong).map(async ([app, env]) => {
          const { code, process } = await run(deployment.launch(app, env));
          expect([Object.keys(env), code]).toEqual([Object.keys(env), 1]);
          expect(process.everything()).not.toBe('');
        }),
      );
    }, 120_000);

    if (queue === 'postgres') {
      it('are given to commands that fail', async () => {
        const commands: [string[], Record<string, string>?][] = [
          [['keys', 'rotate', createdKey]],
          [['keys', 'revoke', createdKey]],
          [['keys', 'list']],
          [['keys', 'list', '--json']],
          [['sessions', 'list', '--json'], deployment.workerEnvironment()],
          [['sessions', 'show', jwt], deployment.workerEnvironment()],
          [['doctor'], deployment.workerEnvironment()],
          [['reseal'], { TOKEN_ENCRYPTION_KEYS: deployment.sealingKeys }],
          [['reseal'], { TOKEN_ENCRYPTION_KEYS: malformed }],
          [['migrate'], { DATABASE_URL: `mysql://x:${malformed}@y/z` }],
          [['migrate'], { DATABASE_URL: deployment.database.url.replace(/:[^:@]*@/, `:${malformed}@`) }],
          [['keys', 'list'], { DATABASE_URL: deployment.database.url.replace(/:[^:@]*@/, `:${malformed}@`) }],
          [['keys', 'list'], { DATABASE_URL: deployment.database.url.replace(/:\d+\//, ':9/') }],
        ];
        await Promise.all(commands.map(([args, env]) => run(cli(args, env))));
      }, 90_000);
    }

    it('are in no log, no reply, no metric, no trace, no title of a process', async () => {
      const all = [...deployment.gateways, ...deployment.workers, ...processes];
      const titles = [deployment.gateway, deployment.worker].map(({ pid }) => processTitle(pid));
      expect(titles.join('').length > 0 || process.platform !== 'linux').toBe(true);
      await searchOps(deployment.gateway);
      await searchOps(deployment.worker);
      await Promise.all(all.map((one) => one.end()));
      await Promise.all(all.map((one) => one.silent));

      const found = new Set<string>();
      const look = (where: string, text: string): void => {
        for (const name of canaries.in(text)) found.add(`${name} in ${where}: ${text.slice(0, 600)}`);
      };
      for (const one of all) {
        const lines = one.everything().split('\n');
        for (const line of lines) {
          look(`the log of a ${one.app}`, line);
          if (NETS.test(line)) found.add(`something blanked in the log of a ${one.app}: ${line}`);
        }
      }
      for (const { status, text, headers } of replies)
        look(`a reply with ${status}`, `${text}\n${JSON.stringify(headers)}`);
      for (const text of traces.texts) look('a trace', text);
      // Nor are persons, rooms and users of the chat.
      for (const name of ['derby', 'webhooks', 'vendor 1', 'crash 1', 'u-4711', 'Anna', 'anna', 'ben'])
        expect([name, traces.texts.filter((text) => text.includes(`"${name}`))]).toEqual([name, []]);
      expect(traces.spans.length).toBeGreaterThan(500);
      expect(traces.headers.every(({ authorization }) => authorization === `Bearer ${receiverSecret}`)).toBe(true);
      for (const title of titles) look('a title', title);
      look("Postgres' log", readFileSync(join(deployment.directory, 'postgres.log'), 'utf8'));
      expect([...found]).toEqual([]);
      expect(all.flatMap((one) => one.lines).filter(({ level }) => level <= 20).length).toBeGreaterThan(0);
      expect(replies.length).toBeGreaterThan(100);
    }, 60_000);

    async function searchOps({ opsUrl }: Process): Promise<void> {
      for (const path of ['/metrics', '/readyz', '/livez']) {
        const text = await (await fetch(opsUrl + path)).text();
        expect([path, canaries.in(text)]).toEqual([path, []]);
      }
    }

    async function attempts(ids: string[]): Promise<number> {
      const [row] = await deployment.database.rows<{ sum: number }>(
        'SELECT sum(attempts)::int AS sum FROM sessions WHERE id = ANY ($1)',
        [ids],
      );
      return row?.sum ?? 0;
    }

    async function vendorToken(): Promise<string> {
      const { tokens } = keep(await deployment.client().openRoom('derby', { wait: 10 })).body;
      if (tokens?.stream === undefined) throw new Error('there is no token');
      return tokens.stream;
    }
  });
}

/** A client for a few requests with another credential, which keeps no connection. */
class OneShot extends Client {
  override async send<T>(...call: Parameters<Client['send']>): Promise<Reply<T>> {
    try {
      return await super.send<T>(...call);
    } finally {
      await this.end();
    }
  }
}

/** The secret part of an API key; its id is no secret. */
function secretOf(key: string): string {
  return key.split('_')[2] ?? '';
}

/** The part of a JWT that makes it one: the others only say who and until when. */
function signatureOf(token: string): string {
  return token.split('.')[2] ?? '';
}

/** The keys of a ring, as they are written and as the bytes that they are. */
function sealingSecrets(ring: string): string[] {
  return ring.split(',').flatMap((entry) => {
    const text = entry.split(':')[1] ?? '';
    return [text, Buffer.from(text, 'base64').toString('hex')];
  });
}
