// A CAS that costs as little as possible, so that it is not what is measured: HTTP by hand, one prepared reply with a
// JWT of fixed length, in which only a serial number changes. The sandbox of this repository checks and records every
// call, which costs several times as much.
//
//   GET /latency/MS sets the delay of later replies; GET /last-reply tells when the last reply was sent (process.hrtime)
import { createServer } from 'node:net';

const TTL_S = 7200;
const SERIAL_DIGITS = 10;
const END_OF_HEAD = '\r\n\r\n';

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const payload = { rid: '0123456789abcdef0123456789abcdef', unct: 'bench', exp: Math.floor(Date.now() / 1000) + TTL_S };
const head = `{"token":"${base64url({ typ: 'JWT', alg: 'HS256' })}.${base64url(payload)}.${'A'.repeat(33)}`;

let latencyMs = 0;
let serial = 0;
let lastReply = 0n;

function reply(body) {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function token() {
  serial += 1;
  lastReply = process.hrtime.bigint();
  return reply(`${head}${String(serial).padStart(SERIAL_DIGITS, '0')}"}`);
}

function answer(socket, request) {
  const [, path] = request.split(' ', 2);
  const [, ms] = /^\/latency\/(\d+)$/.exec(path) ?? [];
  if (ms !== undefined) latencyMs = Number(ms);
  if (path.includes('/token/')) {
    if (latencyMs === 0) socket.write(token());
    else setTimeout(() => socket.write(token()), latencyMs);
  } else {
    socket.write(reply(JSON.stringify({ lastReply: String(lastReply) })));
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    for (let end = rest.indexOf(END_OF_HEAD); end >= 0; end = rest.indexOf(END_OF_HEAD)) {
      answer(socket, rest.slice(0, end));
      rest = rest.slice(end + END_OF_HEAD.length);
    }
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
