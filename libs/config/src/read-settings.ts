import { readFileSync } from 'node:fs';
import { CannotStart } from '@app/kernel';
import type { SettingsOf } from './apps.js';
import type { Topic, Values, Variable, Variables } from './topic.js';

export type Environment = Record<string, string | undefined>;

/**
 * Reads the settings of one process, once, at its start.
 *
 * @throws CannotStart naming *all* faults, never a value.
 */
export function readSettings<T extends Record<string, Topic>>(topics: T, environment: Environment): SettingsOf<T> {
  const faults: string[] = [];
  const production = !['development', 'test'].includes(environment.NODE_ENV ?? '');
  const context = { production, development: environment.NODE_ENV === 'development' };
  const settings: Record<string, unknown> = {};
  for (const [name, topic] of Object.entries(topics)) {
    const found = readVariables(topic.variables, environment);
    faults.push(...found.faults);
    const ruled = topic.faults?.(found.values, context) ?? [];
    faults.push(...ruled);
    if (found.faults.length + ruled.length === 0) settings[name] = topic.settings(found.values, context);
  }
  if (faults.length > 0)
    throw new CannotStart(`The configuration has faults:\n${faults.map((f) => `  - ${f}`).join('\n')}`);
  return settings as SettingsOf<T>;
}

function readVariables(variables: Variables, environment: Environment) {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(variables)) {
    const raw = readRaw(name, variable, environment);
    if ('fault' in raw) {
      faults.push(raw.fault);
      continue;
    }
    const parsed = variable.schema.safeParse(raw.value ?? variable.default);
    if (parsed.success) values[name] = parsed.data;
    else if (raw.value === undefined) faults.push(`${name} is not set`);
    else faults.push(`${name} ${faultText(parsed.error.issues)}`);
  }
  return { faults, values: values as Values<Variables> };
}

/** An empty variable counts as absent: that is what `NAME=` in a compose or env file means to its writer. */
function readRaw(name: string, variable: Variable, environment: Environment): { value?: string } | { fault: string } {
  const direct = environment[name];
  const file = variable.secret === true ? environment[`${name}_FILE`] : undefined;
  if (direct !== undefined && direct !== '' && file !== undefined && file !== '') {
    return { fault: `${name} and ${name}_FILE are both set` };
  }
  if (file !== undefined && file !== '') {
    try {
      const value = readFileSync(file, 'utf8').trim();
      // Not absent: who names a file means to set something.
      return value === '' ? { fault: `${name}_FILE names an empty file` } : { value };
    } catch {
      return { fault: `${name}_FILE names a file that cannot be read` };
    }
  }
  return direct === undefined || direct === '' ? {} : { value: direct };
}

/** zod's own messages may quote the value (enum members are fine, inputs are not): only our texts and bounds are kept. */
function faultText(
  issues: readonly { code: string; message: string; values?: unknown; minimum?: unknown; maximum?: unknown }[],
): string {
  const [issue] = issues;
  if (issue === undefined) return 'is not valid';
  switch (issue.code) {
    case 'custom':
    case 'invalid_format':
      return issue.message.startsWith('must') ? issue.message : 'has the wrong form';
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
