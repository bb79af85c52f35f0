import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ALERTS_FILE } from '../support/alarms.js';
import { promtoolPath } from '../support/prometheus.js';

const ROOT = join(import.meta.dirname, '../..');
const promtool = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(promtoolPath() ?? '', args, { cwd: ROOT, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
};

const withPromtool = promtoolPath() === undefined ? describe.skip : describe;

withPromtool('the alarms, by promtool', () => {
  it('are valid rules, each without a duplicate', () => {
    expect(promtool('check', 'rules', '--lint=all', '--lint-fatal', ALERTS_FILE)).toMatchObject({ status: 0 });
  });

  it('are read by the configuration of the Compose file', () => {
    const { status, output } = promtool('check', 'config', 'deploy/prometheus/prometheus.yml');
    expect([status, output]).toEqual([0, expect.stringContaining('1 rule files found')]);
  });

  it('fire and clear as their tests say', () => {
    const { status, output } = promtool('test', 'rules', 'deploy/prometheus/alerts.test.yml');
    expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
    // 40 minutes for each of them, at every 15 s: 11 s of CPU.
  }, 180_000);
});
