// What several figures need: ready sessions, and peers that give the reply to a read of one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, one } from '../load/load.mjs';
import { read } from '../load/reads.mjs';

/** Of each connection, and set by node:http itself. */
const PER_CONNECTION = ['date', 'connection', 'keep-alive'];

/** Creates sessions and returns their ids when all are ready. */
export async function readySessions(lab, product, count) {
  await lab.cas(0);
  const ids = [];
  await load({
    port: product.port,
    connections: 64,
    total: count,
    requestOf: () => product.create(),
    expect: [201, 202],
    onReply: (_, body) => ids.push(JSON.parse(body.toString()).id),
  });
  await product.settled();
  return ids;
}

/** The peers that answer with the body and the headers of this read. */
export async function echoes(lab, product, id) {
  const { head, body } = await one(product.port, product.read(id));
  const headers = head
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
    .filter(([name]) => !PER_CONNECTION.includes(name));
  const file = join(lab.directory, 'read-reply.json');
  writeFileSync(file, JSON.stringify({ headers, body }));
  return { bare: await lab.peer('bare-http', [file]), nest: await lab.peer('nest-echo', [file]) };
}

/** Contestants that serve the same paths. */
export function readContestants({ lab, product, peers, paths, seconds }) {
  const contestant = (name, port, servers, extra = {}) => ({
    name,
    unit: '/s',
    servers,
    run: async (measured) => {
      const { result, cpu } = await measured(() =>
        read({ port, paths, headers: { ...product.headers, ...extra }, seconds, directory: lab.directory }),
      );
      return { value: result.requests / result.seconds, operations: result.requests, cpu };
    },
  });
  return [
    contestant('product', product.port, product.servers),
    // A header that is ignored, and with which the request takes the usual path.
    contestant('product, not from memory', product.port, product.servers, { range: 'bytes=0-' }),
    contestant('node:http', peers.bare.port, [{ ...peers.bare, name: 'peer' }]),
    contestant('Nest + Fastify', peers.nest.port, [{ ...peers.nest, name: 'peer' }]),
  ];
}
