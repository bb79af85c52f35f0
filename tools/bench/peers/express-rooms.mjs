// A customer auth server as it is often written: Express, rooms in memory, two calls to CAS within the request, no
// authentication, no timeout, no log. It looks first and remembers later, so a crowd gets several tokens. Its arguments:
// port, URL of CAS.
import express from 'express';

const [port, casUrl] = process.argv.slice(2);
const headers = { accept: 'application/json', 'auth-api-key': 'bench', 'auth-api-secret': 'bench' };
const rooms = new Map();

async function mint(path) {
  const reply = await fetch(`${casUrl}${path}`, { headers });
  return (await reply.json()).token;
}

const app = express();
app.use(express.json());
app.get('/ready', (_request, response) => response.json({}));
app.post('/room/create', async (request, response) => {
  const { name } = request.body;
  if (!rooms.has(name)) {
    const [wt_token, sync_token] = await Promise.all([mint('/stream/token/v2/'), mint('/sync/token/')]);
    rooms.set(name, { name, wt_token, sync_token, exp: Date.now() + 7_200_000 });
  }
  response.json(rooms.get(name));
});
app.listen(Number(port), '127.0.0.1', 4096);
