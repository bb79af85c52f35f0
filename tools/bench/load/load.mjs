// A closed loop of requests: each connection has one request open, and sends the next as soon as the reply has arrived.
import { ToolError } from '../../steps.mjs';
import { Connection } from './connection.mjs';

/**
 * Sends `total` requests, or for `seconds`, over `connections` connections.
 *
 * @param options
 *   - `requestOf(i)`: the bytes of the i-th request
 *   - `expect`: the status that every reply must have, or a list of them: another one is an error, not a fast reply
 *   - `onReply(i, body, ms)`, if the replies matter
 * @returns {Promise<{ requests: number, seconds: number }>}
 */
export function load({ port, connections, total = Infinity, seconds = Infinity, requestOf, expect, onReply }) {
  const expected = new Set([expect].flat());
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const deadline = start + seconds * 1000;
    const open = new Set();
    let [sent, answered] = [0, 0];

    const finish = (error) => {
      for (const connection of open) connection.close();
      if (error) reject(error);
      else resolve({ requests: answered, seconds: (performance.now() - start) / 1000 });
    };
    const add = () => {
      let [current, sentAt] = [0, 0];
      const next = () => {
        current = sent++;
        sentAt = performance.now();
        connection.send(requestOf(current));
      };
      const connection = new Connection(
        port,
        (status, head, body) => {
          answered += 1;
          if (!expected.has(status)) return finish(new ToolError(`unexpected reply:\n${head}\n\n${body.toString()}`));
          const now = performance.now();
          onReply?.(current, body, now - sentAt);
          if (sent < total && now < deadline) return next();
          connection.close();
          open.delete(connection);
          if (open.size === 0) finish();
        },
        finish,
      );
      open.add(connection);
      next();
    };
    for (let i = 0; i < Math.min(connections, total); i++) add();
  });
}

/** One request on a connection of its own; a status other than `expect` is an error. */
export function one(port, bytes, expect = 200) {
  return new Promise((resolve, reject) => {
    const onReply = (status, head, body) => {
      connection.close();
      if (status === expect) resolve({ head, body: body.toString() });
      else reject(new ToolError(`unexpected reply:\n${head}\n\n${body.toString()}`));
    };
    const connection = new Connection(port, onReply, reject);
    connection.send(bytes);
  });
}
