// A BullMQ worker whose jobs do nothing: the most that a queue on this Redis can carry. Its arguments: port, URL of
// Redis, name of the queue, concurrency.
import { createServer } from 'node:http';
import { Worker } from 'bullmq';

const [port, url, queue, concurrency] = process.argv.slice(2);
const done = { count: 0 };
const worker = new Worker(queue, async () => undefined, {
  connection: { url, maxRetriesPerRequest: null },
  concurrency: Number(concurrency),
  removeOnComplete: { count: 0 },
});
worker.on('completed', () => (done.count += 1));
worker.on('error', (error) => console.error(error));
await worker.waitUntilReady();
createServer((_request, response) => response.end(JSON.stringify(done))).listen(Number(port), '127.0.0.1');
