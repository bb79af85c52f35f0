import assert from 'node:assert/strict';

/** Port of a server outside the containers' networks, on the host of the containers. */
const OUTSIDE_PORT = 8099;
/** The address that slirp4netns gives that host. */
const OUTSIDE = `http://10.0.2.100:${OUTSIDE_PORT}/`;

function reaches(deployment, service, url) {
  const ask = `fetch('${url}', { signal: AbortSignal.timeout(4000) }).then(() => process.exit(0), () => process.exit(1))`;
  return deployment.attempt(`docker compose exec -T ${service} node -e "${ask}"`).then(({ code }) => code === 0);
}

export const networks = {
  'only the port of the gateway is published, on the loopback interface': async (deployment) => {
    const published = await deployment.sh(`docker ps --format '{{.Names}} {{.Ports}}' | grep -e '->'`);
    assert.equal(published, 'watchtogether-gateway-1 127.0.0.1:3000->3000/tcp');
    const listening = await deployment.sh(`ss --listening --tcp --numeric --no-header | awk '{ print $4 }'`);
    const open = listening.split('\n').filter((address) => !address.startsWith('127.0.0.11:'));
    assert.deepEqual(open, ['127.0.0.1:3000']);
  },

  'from outside there is no ops port, no database, no queue and no sandbox': async (deployment) => {
    for (const port of [3001, 3002, 3003, 5432, 6379]) {
      const { status } = await deployment.api('GET', '/livez', { key: '', base: `http://127.0.0.1:${port}` });
      assert.deepEqual([port, status], [port, 0]);
    }
    assert.equal((await deployment.api('GET', '/metrics', { key: '' })).status, 404);
  },

  'the worker reaches what is outside, the sandbox does not': async (deployment) => {
    const server = `require('node:http').createServer((_, reply) => reply.end()).listen(${OUTSIDE_PORT})`;
    await deployment.sh(
      `docker run --detach --rm --init --name outside --network host node:24-slim node -e "${server}"`,
    );
    try {
      await deployment.sh(`curl --silent --fail --retry 20 --retry-delay 1 --retry-connrefused ${OUTSIDE}`);
      assert.equal(await reaches(deployment, 'worker', OUTSIDE), true, 'the worker');
      assert.equal(await reaches(deployment, 'cas-sandbox', OUTSIDE), false, 'the sandbox');
    } finally {
      await deployment.sh('docker rm --force outside');
    }
  },

  'a Prometheus in the network backend reads the metrics of gateway and worker': async (deployment) => {
    for (const [address, metric] of [
      ['gateway:3001', 'listen_up'],
      ['worker:3002', 'queue_jobs'],
    ]) {
      const read = `fetch('http://${address}/metrics').then(async (reply) => console.log(await reply.text()))`;
      const network = '--network watchtogether_backend';
      const text = await deployment.sh(`docker run --rm ${network} node:24-slim node -e "${read}"`);
      assert.match(text, new RegExp(`^${metric}`, 'm'));
    }
  },
};
