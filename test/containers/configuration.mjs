import assert from 'node:assert/strict';

/** Runs `work` with these lines added to .env, then puts it back. */
async function withEnv(deployment, lines, work) {
  const before = deployment.read('.env');
  deployment.write('.env', lines(before));
  try {
    await work();
  } finally {
    deployment.write('.env', before);
  }
}

async function refusal(deployment, service) {
  return deployment.attempt(`docker compose run --rm --no-deps -T ${service}`, { timeoutMs: 120_000 });
}

export const configuration = {
  'WORKERS in .env is how many workers run, also after the next up': async (deployment) => {
    deployment.append('.env', 'WORKERS=3\n');
    for (let time = 0; time < 2; time += 1) {
      await deployment.sh('docker compose up -d --wait');
      assert.equal((await deployment.containers('worker')).length, 3);
    }
    await deployment.openRoom('with-three-workers');
  },

  'up without a change replaces nothing': async (deployment) => {
    const ids = () => deployment.sh('docker ps --quiet --no-trunc | sort');
    const before = await ids();
    await deployment.sh('docker compose up -d --wait');
    assert.equal(await ids(), before);
  },

  'without CAS_ALLOW_HTTP a worker refuses the sandbox and says so': async (deployment) => {
    const without = (text) => text.replace(/^CAS_ALLOW_HTTP=.*\n/m, '');
    await withEnv(deployment, without, async () => {
      const { code, output } = await refusal(deployment, 'worker');
      assert.equal(code, 1);
      assert.match(output, /CAS_URL.*https.*CAS_ALLOW_HTTP=on/);
    });
  },

  'a value that cannot be right is refused by its name, without the value': async (deployment) => {
    await withEnv(
      deployment,
      (text) => `${text}MAX_WAITS=plenty-of-them\n`,
      async () => {
        const { code, output } = await refusal(deployment, 'gateway');
        assert.equal(code, 1);
        assert.match(output, /MAX_WAITS/);
        assert.doesNotMatch(output, /plenty-of-them/);
      },
    );
  },

  'an empty secret file is refused by the name of its variable': async (deployment) => {
    const file = '.secrets/token_encryption_keys';
    const before = deployment.read(file);
    deployment.write(file, '');
    try {
      const { code, output } = await refusal(deployment, 'gateway');
      assert.equal(code, 1);
      assert.match(output, /TOKEN_ENCRYPTION_KEYS/);
    } finally {
      deployment.write(file, before);
    }
  },
};
