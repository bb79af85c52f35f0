// BullMQ alone, on the same Redis: jobs that do nothing.
import { Queue } from 'bullmq';
import { waitUntil } from '../../processes.mjs';

const QUEUE = 'no-op-jobs';
const IN_FLIGHT = 64;
const CONCURRENCY = 500;

export async function noOpJobs(lab, total) {
  const redis = await lab.redis();
  const peer = await lab.peer('no-op-jobs', [redis.url, QUEUE, String(CONCURRENCY)]);
  const done = async () => (await (await fetch(`http://127.0.0.1:${peer.port}`)).json()).count;
  let serial = 0;
  return {
    name: 'no-op jobs',
    unit: '/s',
    servers: [
      { ...peer, name: 'worker' },
      { name: 'redis', pid: redis.pid },
    ],
    async run(measured) {
      const queue = new Queue(QUEUE, { connection: { url: redis.url } });
      await queue.waitUntilReady();
      const target = (await done()) + total;
      let left = total;
      const loop = async () => {
        while (left-- > 0) await queue.add('job', { id: 'x' }, { jobId: `j${serial++}`, removeOnComplete: true });
      };
      const { seconds, cpu } = await measured(async () => {
        await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
        await waitUntil(async () => (await done()) >= target, { timeoutMs: 60_000, everyMs: 20 });
      });
      await queue.close();
      return { value: total / seconds, operations: total, cpu };
    },
  };
}
