// What must hold of the objects that the Helm chart renders, whatever the values. Their form is checked by the schemas.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name) => readFileSync(join(import.meta.dirname, '..', '..', name), 'utf8');

/** The pods that the objects make. */
export function podsOf(manifests) {
  return manifests
    .filter(({ kind }) => ['Deployment', 'Job', 'Pod'].includes(kind))
    .map((owner) => {
      const { metadata, spec } = owner.kind === 'Pod' ? owner : owner.spec.template;
      const labels = metadata.labels;
      return { owner, component: labels['app.kubernetes.io/component'] ?? '', labels, spec };
    });
}

export const ofKind = (manifests, kind) => manifests.filter((one) => one.kind === kind);
const selects = (selector, labels) => Object.entries(selector).every(([key, value]) => labels[key] === value);

/** What is wrong with a pod, whatever the values. */
export function podFaults({ owner, component, spec }, { all, secret }) {
  const faults = [];
  const must = (holds, what) => void (holds || faults.push(`${owner.kind} ${component}: ${what}`));
  const { securityContext: pod } = spec;
  must(pod.runAsNonRoot === true && pod.runAsUser > 0 && pod.runAsGroup > 0, 'runs as root');
  must(pod.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile');
  must(spec.automountServiceAccountToken === false, 'has a service account token');
  must(spec.enableServiceLinks === false, 'gets variables of Services');
  must(!spec.hostNetwork && !spec.hostPID && !spec.hostIPC, 'is in a namespace of the host');
  must(
    spec.volumes.every((volume) => !('hostPath' in volume)),
    'mounts the host',
  );
  must(spec.initContainers === undefined, 'has an init container, which is not checked here');
  for (const container of spec.containers) {
    const { securityContext: own, resources, env } = container;
    must(own.readOnlyRootFilesystem === true, 'can write its root file system');
    must(own.allowPrivilegeEscalation === false && own.privileged === false, 'can gain privileges');
    must(own.capabilities?.drop?.includes('ALL') && own.capabilities.add === undefined, 'has capabilities');
    for (const kind of ['requests', 'limits']) {
      must(
        ['cpu', 'memory', 'ephemeral-storage'].every((name) => resources[kind]?.[name] !== undefined),
        `has no ${kind}`,
      );
    }
    must(container.envFrom === undefined, 'takes variables from elsewhere');
    const mount = container.volumeMounts.find(({ name }) => name === 'secrets');
    const volume = spec.volumes.find(({ name }) => name === 'secrets');
    const mounted = volume.projected.sources.flatMap((source) => source.secret.items.map(({ path }) => path));
    const named = [];
    for (const { name, value, valueFrom } of env) {
      must(valueFrom === undefined, `${name} is read from elsewhere`);
      must(!secret.includes(name), `${name} is a secret in the environment`);
      if (String(name).endsWith('_FILE') && secret.includes(name.slice(0, -5))) {
        const path = name.slice(0, -5).toLowerCase();
        must(value === `${mount.mountPath}/${path}` && mounted.includes(path), `${name} is not mounted`);
        named.push(path);
      } else {
        must(name === 'NODE_OPTIONS' || all.includes(name), `does not read ${name}`);
      }
      must(env.filter((one) => one.name === name).length === 1, `${name} is set twice`);
    }
    must(
      mounted.every((path) => named.includes(path)),
      `mounts secrets that it does not read: ${mounted.join()}`,
    );
    if (owner.kind !== 'Deployment') continue;
    const ports = container.ports.map(({ name }) => name);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const { path, port } = container[probe]?.httpGet ?? {};
      must(path === (probe === 'readinessProbe' ? '/readyz' : '/livez') && port === 'ops', `has no ${probe}`);
      must(ports.includes('ops'), 'has no port ops');
    }
  }
  if (owner.kind !== 'Deployment') return faults;
  must(
    spec.terminationGracePeriodSeconds >= shutdownS(component, spec.containers[0]) + 5,
    'is killed while it shuts down',
  );
  must(spec.topologySpreadConstraints.length === 2, 'is not spread');
  return faults;
}

/** How long a process may take from the decision to end it, in s. */
function shutdownS(component, container) {
  const [, ms = ''] = /END_WITHIN_MS = ([\d_]+);/.exec(read(`apps/${component}/src/main.ts`)) ?? [];
  const drainMs = container.env.find(({ name }) => name === 'DRAIN_MS')?.value ?? 0;
  return (Number(ms.replaceAll('_', '')) + Number(drainMs)) / 1000 + (container.lifecycle?.preStop.sleep.seconds ?? 0);
}

/** What is wrong between the objects. */
export function relationFaults(manifests) {
  const faults = [];
  const must = (holds, what) => void (holds || faults.push(what));
  const pods = podsOf(manifests);
  const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  must(new Set(names).size === names.length, 'two objects have the same name');

  for (const deployment of ofKind(manifests, 'Deployment')) {
    const { name } = deployment.metadata;
    const scalers = manifests.filter(
      ({ kind, spec }) =>
        ['HorizontalPodAutoscaler', 'ScaledObject'].includes(kind) && spec.scaleTargetRef.name === name,
    );
    must(scalers.length <= 1, `${name} has two autoscalers`);
    must(
      (deployment.spec.replicas === undefined) === (scalers.length === 1),
      `${name} has replicas beside an autoscaler`,
    );
  }
  for (const { spec } of ofKind(manifests, 'ScaledObject')) {
    const { behavior } = spec.advanced.horizontalPodAutoscalerConfig;
    must(spec.minReplicaCount >= 2, 'KEDA goes below 2 workers');
    must(behavior.scaleDown.stabilizationWindowSeconds >= 300, 'KEDA scales down too soon');
    must(spec.fallback.behavior === 'currentReplicasIfHigher', 'KEDA scales down if it cannot count');
    must(
      spec.maxReplicaCount >= spec.minReplicaCount && spec.fallback.replicas <= spec.maxReplicaCount,
      'KEDA has wrong limits',
    );
    for (const { type, metadata } of spec.triggers) {
      must(
        type !== 'prometheus' || (/^max\(.*\)$/.test(metadata.query) && metadata.ignoreNullValues === 'false'),
        'a sum',
      );
    }
  }
  const policies = ofKind(manifests, 'NetworkPolicy');
  for (const { component, labels } of policies.length === 0 ? [] : pods) {
    const own = policies.filter(({ spec }) => selects(spec.podSelector.matchLabels, labels));
    must(own.length === 1, `${component} has ${String(own.length)} network policies`);
    must(
      own.every(({ spec }) => spec.policyTypes.join() === 'Ingress,Egress'),
      `${component} is not bounded`,
    );
  }
  for (const { metadata, spec } of policies) {
    must(spec.egress.length > 0, `${metadata.name} lets nothing out`);
    for (const { to, ports } of spec.egress) {
      must(to?.length > 0 && ports?.length > 0, `${metadata.name} lets everything out`);
      const open = to.filter(({ ipBlock }) => ipBlock?.cidr === '0.0.0.0/0');
      must(
        open.every(({ ipBlock }) => ipBlock.except.includes('169.254.0.0/16')),
        'metadata is reachable',
      );
    }
  }
  for (const kind of ['PodDisruptionBudget', 'PodMonitor']) {
    for (const { metadata, spec } of ofKind(manifests, kind)) {
      const selected = pods.filter(({ labels }) => selects(spec.selector.matchLabels, labels));
      must(
        selected.length === 1 && selected[0]?.owner.kind === 'Deployment',
        `${kind} ${metadata.name} selects no pods`,
      );
    }
  }
  for (const { spec } of ofKind(manifests, 'Service')) {
    const selected = pods.filter(({ labels }) => selects(spec.selector, labels));
    must(selected.map(({ component }) => component).join() === 'gateway', 'the Service selects other pods');
    must(
      spec.ports.every(({ targetPort }) => targetPort === 'http'),
      'the ops port is in a Service',
    );
  }
  const made = ofKind(manifests, 'Secret').flatMap(({ metadata, data }) =>
    Object.keys(data).map((key) => `${metadata.name}/${key}`),
  );
  const used = pods.flatMap(({ spec }) =>
    spec.volumes
      .find(({ name }) => name === 'secrets')
      .projected.sources.map(({ secret }) => `${secret.name}/${secret.items[0].key}`),
  );
  const byKeda = ofKind(manifests, 'TriggerAuthentication').map(({ spec }) => {
    const { name, key } = spec.secretTargetRef[0];
    return `${name}/${key}`;
  });
  must(
    made.every((key) => [...used, ...byKeda].includes(key)),
    'a Secret holds what no process reads',
  );
  must(made.length === 0 || [...used, ...byKeda].every((key) => made.includes(key)), 'a key is in no Secret');
  // Only the migration and what it needs come before the rest.
  const early = manifests.filter(({ metadata }) => String(annotationsOf(metadata)['helm.sh/hook']).includes('pre-'));
  must(
    early.every(({ metadata }) => metadata.name === 'wt-watchtogether-migrate'),
    'another hook',
  );
  return faults;
}

export const annotationsOf = (metadata) => metadata.annotations ?? {};
