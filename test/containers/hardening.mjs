import assert from 'node:assert/strict';
import { LASTING, ONCE } from './services.mjs';

/** What the kernel says about each process of a container, from the host of the containers. */
async function processes(deployment, container) {
  const pids = await deployment.sh(`docker top ${container.Id} -eo pid | tail -n +2`);
  const list = pids.split('\n').map((pid) => `/proc/${pid.trim()}/status`);
  const text = await deployment.sh(`cat ${list.join(' ')} 2>/dev/null || :`);
  return text.split(/^(?=Name:)/m).map((status) => {
    const field = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
    return {
      name: field('Name'),
      user: field('Uid')?.split('\t')[0],
      capabilities: field('CapEff'),
      newPrivileges: field('NoNewPrivs') === '0',
    };
  });
}

export const hardening = {
  'every container is as docker-compose.yml declares': async (deployment) => {
    const { services } = JSON.parse(await deployment.sh('docker compose config --format json'));
    assert.deepEqual(Object.keys(services).sort(), [...LASTING, ...ONCE].sort());
    for (const [service, declared] of Object.entries(services)) {
      const { HostConfig, Config } = await deployment.container(service);
      const actual = {
        user: Config.User,
        readOnly: HostConfig.ReadonlyRootfs,
        dropped: HostConfig.CapDrop,
        security: HostConfig.SecurityOpt,
        memory: HostConfig.Memory,
        pids: HostConfig.PidsLimit,
        restart: HostConfig.RestartPolicy.Name,
        files: HostConfig.Ulimits?.map(({ Name, Hard }) => [Name, Hard]) ?? [],
        init: HostConfig.Init ?? false,
        stopWithinS: Config.StopTimeout,
        privileged: HostConfig.Privileged,
      };
      assert.deepEqual(
        [service, actual],
        [
          service,
          {
            user: declared.user,
            readOnly: true,
            dropped: ['ALL'],
            security: ['no-new-privileges:true'],
            memory: Number(declared.mem_limit),
            pids: declared.pids_limit,
            restart: ONCE.includes(service) ? 'no' : 'unless-stopped',
            files: declared.ulimits ? [['nofile', Number(declared.ulimits.nofile)]] : [],
            init: declared.init ?? false,
            stopWithinS: declared.stop_grace_period ? seconds(declared.stop_grace_period) : undefined,
            privileged: false,
          },
        ],
      );
    }
  },

  'no process is root, has a capability or can gain one': async (deployment) => {
    for (const service of LASTING) {
      for (const { name, user, ...rest } of await processes(deployment, await deployment.container(service))) {
        assert.notEqual(user, '0', `${service}: ${name}`);
        assert.deepEqual(
          [service, name, rest],
          [service, name, { capabilities: '0000000000000000', newPrivileges: false }],
        );
      }
    }
  },

  'no container can write to its root file system': async (deployment) => {
    for (const service of LASTING) {
      const { output } = await deployment.attempt(`docker compose exec -T ${service} touch /written`);
      assert.match(output, /Read-only file system/, service);
    }
  },

  'the gateway may open as many files as docker-compose.yml says': async (deployment) => {
    const { services } = JSON.parse(await deployment.sh('docker compose config --format json'));
    const limit = Number(await deployment.sh(`docker compose exec -T gateway sh -c 'ulimit -n'`));
    assert.equal(limit, Number(services.gateway.ulimits.nofile));
  },
};

function seconds(duration) {
  const [, minutes = 0, rest = 0] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  return Number(minutes) * 60 + Number(rest);
}
