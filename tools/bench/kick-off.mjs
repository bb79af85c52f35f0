// Many clients join one new room at the same moment: the time until all have a token, and the number of different tokens.
import { Agent, request } from 'undici';
import { median } from './numbers.mjs';

export async function kickOff(product, peer, { joiners, rounds }) {
  console.log(`\nkick-off: ${joiners} joiners of one new room at once, ${rounds} rooms each, alternating`);
  const servers = [product, peer];
  const crowds = new Map(servers.map((server) => [server, []]));
  await Promise.all(servers.map((server) => crowd(server, 'warm-up', 20)));
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) crowds.get(server).push(await crowd(server, `kick-off-${round}`, joiners));
  }
  const times = new Map();
  for (const server of servers) {
    const results = crowds.get(server);
    times.set(server, median(results.map(({ ms }) => ms)));
    const tokens = results.map((result) => result.tokens);
    console.log(
      `  ${server.name.padEnd(8)} last token after ${times.get(server).toFixed(0).padStart(5)} ms   ` +
        `different tokens per room: ${[...new Set(tokens)].join(', ')}   without a token: ${median(results.map(({ without }) => without))}`,
    );
  }
  console.log(`  ratio of the times, product / peer: ${(times.get(product) / times.get(peer)).toFixed(2)}`);
}

async function crowd(server, room, joiners) {
  const dispatcher = new Agent({ connections: joiners, pipelining: 1 });
  const { url, ...options } = server.join(room);
  const start = performance.now();
  const tokens = await Promise.all(
    Array.from({ length: joiners }, async () => {
      const reply = await request(url, { ...options, dispatcher });
      return server.tokenOf(await reply.body.json());
    }),
  );
  const ms = performance.now() - start;
  await dispatcher.close();
  const given = tokens.filter((token) => token !== undefined);
  return { ms, tokens: new Set(given).size, without: tokens.length - given.length };
}
