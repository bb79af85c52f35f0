import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(ROOT, 'bench/results.json');

interface Measured {
  contestant(figure: string, name: string): { median: number };
}
interface Point {
  title: string;
}
const { measurements } = (await import(join(ROOT, 'tools/simulate/costs.mjs'))) as {
  measurements: (file: string) => Measured;
};
const { CHECKED, checkedPlan } = (await import(join(ROOT, 'tools/simulate/checked.mjs'))) as {
  CHECKED: Point[];
  checkedPlan: (measured: Measured, point: Point) => { plan: object; costs: object; measuredRate: number };
};
const { simulate } = (await import(join(ROOT, 'tools/simulate/model.mjs'))) as {
  simulate: (plan: object, costs: object) => { throughput: number };
};

function run(...args: string[]) {
  return spawnSync(process.execPath, ['tools/simulate.mjs', ...args], { cwd: ROOT, encoding: 'utf8' });
}

describe('npm run simulate', () => {
  it.each(CHECKED)('is within 25 % of the measured $title', (point) => {
    const { plan, costs, measuredRate } = checkedPlan(measurements(FILE), point);
    const off = simulate(plan, costs).throughput / measuredRate - 1;
    expect(Math.abs(off)).toBeLessThan(0.25);
  });

  it('gives the same result for the same seed, and another for another', () => {
    const [first, second, other] = ['7', '7', '8'].map(
      (seed) => run('--json', '--rooms', '3000', '--seed', seed).stdout,
    );
    expect(first).toContain('"throughput"');
    expect(second).toBe(first);
    expect(other).not.toBe(first?.replace('"seed": 7', '"seed": 8'));
  });

  it('never makes rooms ready faster than CAS allows', () => {
    const args = ['--json', '--rooms', '1e6', '--workers', '50', '--gateways', '50', '--cas-rps', '1000'];
    const { result } = JSON.parse(run(...args).stdout) as { result: { throughput: number } };
    expect(result.throughput).toBeLessThanOrEqual(500);
    expect(result.throughput).toBeGreaterThan(490);
  });

  it('lets rooms from the warm pool wait for no worker and no CAS', () => {
    const args = ['--json', '--rooms', '10000', '--seconds', '60', '--cas-ms', '500', '--cas-rps', '20'];
    const resultOf = (pool: number) =>
      JSON.parse(run(...args, '--pool', String(pool)).stdout) as {
        result: { readyMs: { p50: number; p99: number }; utilisation: { worker: number } };
      };
    const [none, some, all] = [0, 6000, 10_000].map((pool) => resultOf(pool).result);
    expect(none?.readyMs.p50).toBeGreaterThan(100_000);
    expect(some?.readyMs.p50).toBeLessThan(100);
    expect(some?.readyMs.p99).toBeGreaterThan(100_000);
    expect(all?.readyMs.p99).toBeLessThan(100);
    expect(all?.utilisation.worker).toBe(0);
  });

  it('names every option that cannot be used', () => {
    const { status, stderr, stdout } = run('--rooms', 'many', '--shape', 'round');
    expect(status).toBe(1);
    expect(stderr + stdout).toMatch(/--rooms must be .* not "many"/);
    expect(stderr + stdout).toContain('--shape must be kick-off or even, not "round"');
  });
});
