import { StartupError } from '@app/kernel';
import type { SettingsOf } from './apps.js';
import { describeNearMiss, nearMisses } from './near-misses.js';
import { readSecretFile } from './secret-file.js';
import type { Namespace, Values, Variable, Variables } from './namespaces/namespace.js';

export type Environment = Record<string, string | undefined>;

/** The settings that could be read, and why the rest could not. */
export interface Examination<T extends Record<string, Namespace>> {
  settings: Partial<SettingsOf<T>>;
  /** Variables that are set to an invalid value. */
  faults: string[];
  /** Required variables that are not set. */
  unset: string[];
}

/**
 * Reads the settings of one process, once, at startup.
 *
 * @throws StartupError listing *all* errors, never a value.
 */
export function readSettings<T extends Record<string, Namespace>>(
  namespaces: T,
  environment: Environment,
): SettingsOf<T> {
  const { settings, all } = read(namespaces, environment);
  if (all.length > 0) {
    const lines = [...all.map(({ text }) => text), ...nearMisses(environment).map(describeNearMiss)];
    throw new StartupError(`Invalid configuration:\n${lines.map((line) => `  - ${line}`).join('\n')}`);
  }
  return settings as SettingsOf<T>;
}

/** Reads what it can instead of throwing: for a shell in which only some of the variables are set. */
export function examineSettings<T extends Record<string, Namespace>>(
  namespaces: T,
  environment: Environment,
): Examination<T> {
  const { settings, all } = read(namespaces, environment);
  const unset = all.flatMap(({ unset: name }) => name ?? []);
  const faults = all.filter(({ unset: name }) => name === undefined).map(({ text }) => text);
  return { settings, faults, unset };
}

interface Fault {
  text: string;
  /** The variable name, if the fault is that it is not set. */
  unset?: string;
}

interface NamedFault {
  /** Of the variable. */
  name: string;
  fault: Fault;
}

function read<T extends Record<string, Namespace>>(namespaces: T, environment: Environment) {
  const all: Fault[] = [];
  const production = !['development', 'test'].includes(environment.NODE_ENV ?? '');
  const context = { production, development: environment.NODE_ENV === 'development' };
  const settings: Record<string, unknown> = {};
  for (const [name, namespace] of Object.entries(namespaces)) {
    const found = readVariables(namespace.variables, environment);
    found.faults.push(...neededFaults(namespace, found));
    all.push(...found.faults.map(({ fault }) => fault));
    all.push(...renamedFaults(namespace, environment));
    const ruled = namespace.faults?.(found.values, context) ?? [];
    all.push(...ruled.map((text) => ({ text })));
    if (found.faults.length + ruled.length === 0)
      settings[name] = namespace.settings(found.values, context, found.files);
  }
  return { settings: settings as Partial<SettingsOf<T>>, all };
}

/** A variable that is set but not valid has been told already. */
function neededFaults(namespace: Namespace, { values, faults }: ReturnType<typeof readVariables>): NamedFault[] {
  const missing = (namespace.needs?.(values) ?? []).filter((name) => values[name] === undefined);
  return missing.filter((name) => faults.every((fault) => fault.name !== name)).map(unsetFault);
}

function unsetFault(name: string): NamedFault {
  return { name, fault: { text: `${name} is not set`, unset: name } };
}

/** A variable under its earlier name is a fault: ignored in silence, it would change nothing. */
function renamedFaults({ renamed = {} }: Namespace, environment: Environment): Fault[] {
  return Object.entries(renamed)
    .filter(([name]) => environment[name] !== undefined)
    .map(([name, current]) => ({ text: `${name} is now called ${current}` }));
}

function readVariables(variables: Variables, environment: Environment) {
  const faults: NamedFault[] = [];
  const values: Record<string, unknown> = {};
  const files: Record<string, string> = {};
  for (const [name, variable] of Object.entries(variables)) {
    const raw = readRaw(name, variable, environment);
    if ('fault' in raw) {
      faults.push({ name, fault: { text: raw.fault } });
      continue;
    }
    if (raw.file !== undefined) files[name] = raw.file;
    const parsed = variable.schema.safeParse(raw.value ?? variable.default);
    if (parsed.success) values[name] = parsed.data;
    else if (raw.value === undefined) faults.push(unsetFault(name));
    else faults.push({ name, fault: { text: `${name} ${faultText(parsed.error.issues)}` } });
  }
  return { faults, files, values: values as Values<Variables> };
}

interface Raw {
  value?: string;
  /** The file the value was read from. */
  file?: string;
}

/** An empty variable counts as unset, since `NAME=` in a Compose or env file usually means just that. */
function readRaw(name: string, variable: Variable, environment: Environment): Raw | { fault: string } {
  const spelling = spellingOf(name, variable, environment);
  const direct = environment[spelling];
  const file = variable.secret === true ? environment[`${name}_FILE`] : undefined;
  if (direct !== undefined && direct !== '' && file !== undefined && file !== '') {
    return { fault: `${spelling} and ${name}_FILE are both set` };
  }
  if (file !== undefined && file !== '') {
    const value = readSecretFile(file);
    if (value === null) return { fault: `${name}_FILE points to a file that cannot be read` };
    // An error rather than unset: naming a file means that a value is expected.
    return value === '' ? { fault: `${name}_FILE points to an empty file` } : { value, file };
  }
  return direct === undefined || direct === '' ? {} : { value: direct };
}

/** The name under which the value is taken. An empty one is passed over. */
function spellingOf(name: string, { alias }: Variable, environment: Environment): string {
  return alias !== undefined && (environment[alias] ?? '') !== '' ? alias : name;
}

/** zod's own messages may quote the input, so only our messages, enum members and bounds are used. */
function faultText(
  issues: readonly { code: string; message: string; values?: unknown; minimum?: unknown; maximum?: unknown }[],
): string {
  const [issue] = issues;
  if (issue === undefined) return 'is not valid';
  switch (issue.code) {
    case 'custom':
    case 'invalid_format':
      return issue.message.startsWith('must') ? issue.message : 'has an invalid format';
    case 'invalid_value':
      return Array.isArray(issue.values) ? `must be one of ${issue.values.join(', ')}` : 'is not valid';
    case 'too_small':
      return `must be at least ${String(issue.minimum)}`;
    case 'too_big':
      return `must be at most ${String(issue.maximum)}`;
    default:
      return 'is not valid';
  }
}
