// Runs what the Helm chart renders, by `podman kube play`, beside the stores of docker-compose.yml.
import { parseAllDocuments, stringify } from 'yaml';
import { CHART, helm } from '../helm-program.mjs';
import { waitUntil } from '../processes.mjs';
import { ToolError } from '../steps.mjs';

// crun refuses machines with both versions of control groups, and Docker brings runc anyway.
const PODMAN = 'podman --runtime runc --cgroup-manager cgroupfs';
const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'];
const END_TIMEOUT_MS = 60_000;

/** The objects of the chart with these values, which are written to a file of the deployment. */
export async function renderChart(values, deployment) {
  deployment.write('kubernetes-values.yaml', stringify(values));
  const file = deployment.path('kubernetes-values.yaml');
  const { code, stdout, output } = await helm(['template', 'wt', CHART, '--values', file]);
  if (code !== 0) throw new ToolError(output);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

export class Pods {
  #deployment;
  #objects;

  constructor(deployment, objects) {
    this.#deployment = deployment;
    this.#objects = objects;
  }

  /** Removes what this or an earlier run has left behind. */
  async remove() {
    for (const kind of ['pod', 'volume', 'secret']) {
      await this.#sh(`${PODMAN} ${kind} rm --all ${kind === 'secret' ? '' : '--force'}`);
    }
  }

  async loadImage(image) {
    await this.#sh(`docker save ${image} | ${PODMAN} load --quiet`);
  }

  manifest(component) {
    const found = this.#objects.find(
      ({ kind, metadata }) =>
        ['Deployment', 'Job', 'Pod'].includes(kind) && metadata.labels['app.kubernetes.io/component'] === component,
    );
    if (found === undefined) throw new ToolError(`The chart renders no pod of ${component}.`);
    return found;
  }

  spec(component) {
    const manifest = this.manifest(component);
    return manifest.kind === 'Pod' ? manifest.spec : manifest.spec.template.spec;
  }

  /** Starts the pod of a component in the network of the engine, which the stores can be reached from. */
  async play(component) {
    const file = `kubernetes-${component}.yaml`;
    this.#deployment.write(file, this.#playable(component));
    await this.#sh(`${PODMAN} kube play --network host ${file}`);
  }

  /**
   * The manifest as podman can play it: without probes, for which it would run curl inside the container, and with a plain
   * volume instead of the projected one, of a Secret that holds what is projected. Podman knows no fsGroup either, so the
   * files are readable for all.
   */
  #playable(component) {
    const manifest = structuredClone(this.manifest(component));
    const spec = manifest.kind === 'Pod' ? manifest.spec : manifest.spec.template.spec;
    for (const container of spec.containers) for (const probe of PROBES) delete container[probe];
    const volume = spec.volumes.find(({ projected }) => projected);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${component}-secrets` }, data: {} };
    for (const { secret: source } of volume.projected.sources) {
      const { data } = this.#objects.find(({ kind, metadata }) => kind === 'Secret' && metadata.name === source.name);
      for (const { key, path } of source.items) secret.data[path] = data[key];
    }
    delete volume.projected;
    volume.secret = { secretName: secret.metadata.name, defaultMode: 0o444 };
    return [secret, manifest].map((object) => stringify(object)).join('---\n');
  }

  /** What podman knows about the container of a component. */
  async container(component) {
    return JSON.parse(await this.#sh(`${PODMAN} inspect ${await this.#name(component)}`))[0];
  }

  /** Waits until the container of a component has ended. @returns its exit code and its log */
  async ended(component) {
    const isOver = async () => (await this.container(component)).State.Status === 'exited';
    if (!(await waitUntil(isOver, { timeoutMs: END_TIMEOUT_MS, everyMs: 500 })))
      throw new ToolError(`${component} runs on`);
    const { State } = await this.container(component);
    const { output } = await this.#deployment.attempt(`${PODMAN} logs ${await this.#name(component)}`);
    return { code: State.ExitCode, log: output };
  }

  async exec(component, line) {
    return this.#deployment.attempt(`${PODMAN} exec ${await this.#name(component)} sh -c '${line}'`);
  }

  /** As the kubelet does: SIGTERM, and SIGKILL after the grace period of the pod. */
  async stop(component) {
    await this.#sh(`${PODMAN} stop ${await this.#name(component)}`);
  }

  async #name(component) {
    const names = await this.#sh(`${PODMAN} ps --all --format '{{.Names}}'`);
    const name = names.split('\n').find((one) => one.endsWith(`-${component}`) && one.startsWith('wt-'));
    if (name === undefined) throw new ToolError(`no container of ${component} among ${names}`);
    return name;
  }

  #sh(line) {
    return this.#deployment.sh(`export PODMAN_IGNORE_CGROUPSV1_WARNING=1; ${line}`);
  }
}
