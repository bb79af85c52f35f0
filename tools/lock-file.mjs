// What must hold for every package of package-lock.json, so that an install gets what was reviewed and nothing else.

/** A host name that resolves only inside one network, or an IP address. */
const PRIVATE_HOST =
  /^(?:[^.]+|.+\.(?:local|localhost|internal|intranet|corp|home|lan|test|example|invalid)|[\d.]+|\[.*\])$/i;
const EXACT = /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;
/** A range, a tag or an alias: a package of the registry, not one from a repository, a file or a URL. */
const FROM_A_REGISTRY = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?[^:/]*$/;

export function lockFileFaults({ lockfileVersion, packages }) {
  const faults = lockfileVersion === 3 ? [] : [`package-lock.json is of version ${lockfileVersion}, not 3`];
  const { '': root, ...entries } = packages;
  for (const [name, wanted] of Object.entries({ ...root.dependencies, ...root.devDependencies })) {
    if (!EXACT.test(wanted)) faults.push(`package.json wants ${name} ${wanted}, not one version`);
  }
  for (const [path, entry] of Object.entries(entries)) {
    faults.push(...faultsOf(entry).map((fault) => `${path} ${fault}`));
  }
  return faults;
}

function faultsOf({ version, integrity, resolved, link, ...entry }) {
  if (link) return ['is a link'];
  const faults = [];
  if (!EXACT.test(version)) faults.push(`has the version ${version}`);
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')) faults.push('has no SHA-512 of its contents');
  // Without an address it comes from the configured registry.
  if (resolved !== undefined && !isPublicAddress(resolved)) faults.push(`comes from ${withoutSecrets(resolved)}`);
  for (const [name, wanted] of Object.entries({ ...entry.dependencies, ...entry.optionalDependencies })) {
    if (!FROM_A_REGISTRY.test(wanted)) faults.push(`wants ${name} from outside a registry`);
  }
  return faults;
}

function isPublicAddress(address) {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password, pathname } = new URL(address);
  return (
    protocol === 'https:' && !PRIVATE_HOST.test(hostname) && username + password === '' && pathname.endsWith('.tgz')
  );
}

function withoutSecrets(address) {
  return address.replace(/\/\/[^/@]*@/, '//…@');
}

/** `allowScripts` of package.json has to allow or deny, by name, exactly the packages with an install script. */
export function scriptFaults({ packages }, allowScripts) {
  const withScripts = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.split('node_modules/').at(-1));
  const undecided = withScripts.filter((name) => allowScripts[name] === undefined);
  const needless = Object.keys(allowScripts).filter((name) => !withScripts.includes(name));
  return [
    ...undecided.map((name) => `${name} has an install script, and allowScripts does not say whether it may run`),
    ...needless.map((name) => `allowScripts names ${name}, which has no install script`),
  ];
}
