// A customer auth server as it is often written: rooms in memory, look first, then ask for a token, then remember it.
// For the conformance kit, which has to catch it. Prints its URL.
//
//   node test/support/naive-server.mjs [port=0] [delayMs=100] [tokenTtlS=7200]
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [port = 0, delayMs = 100, tokenTtlS = 7200] = process.argv.slice(2).map(Number);
const rooms = {};

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** As long as the vendor takes, and as it looks. */
async function mint() {
  await sleep(delayMs);
  const exp = Math.floor(Date.now() / 1000) + tokenTtlS;
  const payload = encoded({ rid: randomBytes(16).toString('hex'), exp });
  return `${encoded({ typ: 'JWT', alg: 'HS256' })}.${payload}.${randomBytes(32).toString('base64url')}`;
}

async function create(body) {
  const { name = randomBytes(4).toString('hex'), ...fields } = JSON.parse(body);
  if (rooms[name]) return rooms[name];
  const [wt_token, sync_token] = await Promise.all([mint(), mint()]);
  rooms[name] = { wt_token, sync_token, exp: Date.now() + tokenTtlS * 1000, ...fields, name };
  return rooms[name];
}

async function answer(request) {
  if (request.method === 'POST' && request.url === '/room/create') {
    let body = '';
    for await (const chunk of request) body += chunk;
    return [200, await create(body)];
  }
  const [, name] = /^\/room\/([^/]+)$/.exec(request.url) ?? [];
  const room = request.method === 'GET' && name !== undefined && rooms[decodeURIComponent(name)];
  return room ? [200, room] : [404, { error: 'Room not found' }];
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request).catch((error) => [500, { error: error.message }]);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
