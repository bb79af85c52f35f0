import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { lastLines, launch, type Launched } from '../../tools/child.mjs';
import { freePort } from '../../tools/ports.mjs';
import { faster, fasterRules } from './alarms.js';
import { eventually } from './eventually.js';

/** Where Debian and others put a program; undefined if it is not installed: the bootstrap has said so. */
const installed = (name: string) => [`/usr/bin/${name}`, `/usr/local/bin/${name}`].find((path) => existsSync(path));
export const prometheusPath = () => installed('prometheus');
export const promtoolPath = () => installed('promtool');

/** By job: the URLs of the ops ports. */
export type Targets = Record<'gateway' | 'worker', string[]>;

export interface Series {
  labels: Record<string, string>;
  value: number;
}

export interface FiredAlarm {
  name: string;
  state: 'pending' | 'firing';
  labels: Record<string, string>;
}

/** In production, as deploy/prometheus/prometheus.yml says; and how long a sample counts. */
const [SCRAPE_INTERVAL, LOOKBACK] = ['15s', '5m'];

const vector = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});
const alerts = z.object({
  data: z.object({
    alerts: z.array(z.object({ state: z.enum(['pending', 'firing']), labels: z.record(z.string(), z.string()) })),
  }),
});

/**
 * A real Prometheus with the rules that are deployed, whose clock runs `factor` times faster: it scrapes and evaluates that
 * much more often, and every `for` and every range is that much shorter.
 */
export class PrometheusServer {
  private constructor(
    readonly factor: number,
    private readonly url: string,
    private readonly directory: string,
    private readonly server: Launched,
  ) {}

  static async start(factor: number, targets: Targets): Promise<PrometheusServer> {
    const binary = prometheusPath();
    if (binary === undefined) throw new Error('prometheus is not installed (Debian: apt-get install prometheus)');
    const directory = mkdtempSync(join(tmpdir(), 'watchtogether-prometheus-'));
    const port = await freePort();
    const interval = faster(SCRAPE_INTERVAL, factor);
    const config = {
      global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
      rule_files: ['alerts.yml'],
      scrape_configs: Object.keys(targets).map((job) => ({
        job_name: job,
        file_sd_configs: [{ files: [`targets-${job}.yml`] }],
      })),
    };
    writeFileSync(join(directory, 'prometheus.yml'), stringify(config));
    writeFileSync(join(directory, 'alerts.yml'), stringify(fasterRules(factor)));
    const flags = [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${String(port)}`,
      `--query.lookback-delta=${faster(LOOKBACK, factor)}`,
    ];
    const logFile = join(directory, 'prometheus.log');
    const server = launch(binary, flags, {
      cwd: directory,
      logFile,
      guard: { signalName: 'SIGKILL', directory },
    });
    const prometheus = new PrometheusServer(factor, `http://127.0.0.1:${String(port)}`, directory, server);
    prometheus.scrape(targets);
    try {
      await eventually(async () => {
        if ((await fetch(`${prometheus.url}/-/ready`)).status !== 200) throw new Error('prometheus is not ready');
      }, 20_000);
    } catch (error) {
      await prometheus.end();
      throw new Error(lastLines(logFile), { cause: error });
    }
    return prometheus;
  }

  /** Scrapes these from now on. */
  scrape(targets: Targets): void {
    for (const [job, urls] of Object.entries(targets)) {
      const file = join(this.directory, `targets-${job}.yml`);
      const hosts = urls.map((url) => new URL(url).host);
      writeFileSync(`${file}.new`, stringify([{ targets: hosts }]));
      // As a whole, since Prometheus reads it as soon as it changes.
      renameSync(`${file}.new`, file);
    }
  }

  /** The result of an expression now. @throws with what Prometheus says of it, if it is wrong */
  async query(expr: string): Promise<Series[]> {
    const { result } = vector.parse(await this.get('query', { query: expr })).data;
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** The alarms that fire, or wait for their time. */
  async alarms(): Promise<FiredAlarm[]> {
    return alerts.parse(await this.get('alerts')).data.alerts.map(({ state, labels }) => {
      const { alertname = '', ...rest } = labels;
      return { name: alertname, state, labels: rest };
    });
  }

  async firing(): Promise<string[]> {
    const fired = (await this.alarms()).filter(({ state }) => state === 'firing');
    return [...new Set(fired.map(({ name }) => name))].sort();
  }

  async end(): Promise<void> {
    if (!(await this.server.end('SIGTERM', 10_000))) await this.server.end('SIGKILL', 10_000);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async get(path: string, parameters: Record<string, string> = {}): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/${path}?${String(new URLSearchParams(parameters))}`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${String(parameters.query)}: ${text}`);
    return JSON.parse(text);
  }
}
