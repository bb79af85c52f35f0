import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { CHART, helm } from '../../tools/helm-program.mjs';

/** An object of Kubernetes, as far as the tests look into it. Its form is checked by the schemas: see `schemaFaults`. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec?: unknown;
  data?: Record<string, string>;
}

export type Values = Record<string, unknown>;

export interface Rendering {
  /** Empty unless Helm failed. */
  error: string;
  text: string;
  manifests: Manifest[];
}

/** The chart with these values; `examples` are files of deploy/helm/examples. */
export async function render(
  values: Values,
  { examples = [], args = [] }: { examples?: string[]; args?: string[] } = {},
): Promise<Rendering> {
  const directory = mkdtempSync(join(tmpdir(), 'helm-values-'));
  try {
    const file = join(directory, 'values.yaml');
    // As Helm reads it: y and on are booleans.
    writeFileSync(file, stringify(values, { version: '1.1' }));
    const files = [...examples.map((name) => join('deploy', 'helm', 'examples', name)), file];
    const { code, stdout, output } = await helm([
      ...['template', 'wt', CHART, '--namespace', 'watchtogether'],
      ...files.flatMap((name) => ['--values', name]),
      ...args,
    ]);
    if (code !== 0) return { error: output, text: '', manifests: [] };
    const manifests = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest | null);
    return { error: '', text: stdout, manifests: manifests.filter((manifest) => manifest !== null) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const PACKAGES: Record<string, string> = {
  'keda.sh': '@kubernetes-models/keda/',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/',
};

interface Model {
  validate(): void;
}

/** What the schema of its kind finds wrong with it, and which of its fields the schema does not know. */
export async function schemaFaults(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind, metadata } = manifest;
  const place = `${kind} ${metadata.name}`;
  const from = PACKAGES[apiVersion.split('/')[0] ?? ''] ?? 'kubernetes-models/';
  const models = (await import(`${from}${apiVersion}/${kind}`)) as Record<string, new (data: unknown) => Model>;
  const ModelOfKind = models[kind];
  if (ModelOfKind === undefined) return [`${place}: no schema`];
  const read = new ReadKeys();
  const model = new ModelOfKind({ apiVersion, kind });
  Object.assign(model, read.watch(manifest, place));
  try {
    model.validate();
  } catch (error) {
    return [`${place}: ${String(error)}`];
  }
  return read.unread();
}

/**
 * Which fields a validator asked for. Those of the schemas accept unknown fields, but read every field that they know: a
 * field that was never read is unknown, and a cluster would drop it in silence.
 */
class ReadKeys {
  private readonly watched: { place: string; target: object; read: Set<string>; open: boolean }[] = [];

  watch<T extends object>(target: T, place: string): T {
    const entry = { place, target, read: new Set<string>(), open: false };
    this.watched.push(entry);
    const children = new Map<string, unknown>();
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key);
        if (typeof key === 'symbol') return value;
        entry.read.add(key);
        if (typeof value !== 'object' || value === null) return value;
        if (!children.has(key)) children.set(key, this.watch(value, `${place}.${key}`));
        return children.get(key);
      },
      // Whoever lists the keys takes them as they are: labels and the like.
      ownKeys: (object) => {
        entry.open = true;
        return Reflect.ownKeys(object);
      },
    });
  }

  unread(): string[] {
    return this.watched.flatMap(({ place, target, read, open }) => {
      // Of a field without a schema of its own nothing is read.
      if (open || Array.isArray(target) || read.size === 0) return [];
      return Object.keys(target)
        .filter((key) => !read.has(key))
        .map((key) => `${place}.${key} is unknown`);
    });
  }
}
