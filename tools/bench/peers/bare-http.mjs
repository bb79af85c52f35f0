// The least that a Node server can do: node:http, one reply from memory, no routing, no authentication, no log. Its
// arguments: port, file with the reply as JSON.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, file] = process.argv.slice(2);
const { headers, body } = JSON.parse(readFileSync(file, 'utf8'));
const names = headers.flat();
const bytes = Buffer.from(body);

createServer((_request, response) => {
  response.writeHead(200, names);
  response.end(bytes);
}).listen(Number(port), '127.0.0.1', 4096);
