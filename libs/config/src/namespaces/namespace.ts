import { z } from 'zod';

/** One environment variable: how it is read, and what `.env.example` says of it. */
export interface Variable<S extends z.ZodType = z.ZodType> {
  schema: S;
  /** One or two sentences for operators: what it decides, and its unit. */
  description: string;
  /** The default as it would be written; absent where there is none. */
  default?: string;
  /** May also come as a file, by `NAME_FILE`; its value is never printed. */
  secret?: boolean;
}

export type Variables = Record<string, Variable>;
export type Values<V extends Variables> = { [N in keyof V]: z.output<V[N]['schema']> };

export interface Context {
  /** Without `NODE_ENV` every process is in production. */
  production: boolean;
  /** Only when `NODE_ENV` says so. */
  development: boolean;
}

/** Where a secret came from if it came as a file, by the name of its variable: for settings that are read again. */
export type SecretFiles = Readonly<Record<string, string | undefined>>;

/** A group of variables that belong together, and the settings that the code reads. */
export interface Namespace<V extends Variables = Variables, S = unknown> {
  title: string;
  variables: V;
  /** Earlier names of variables, refused at start with the name to use: `{ OLD: 'NEW' }`. */
  renamed?: Readonly<Record<string, string>>;
  /** Rules over several variables; what is missing or wrong by itself is absent. Faults name variables, never values. */
  faults?(values: Partial<Values<V>>, context: Context): string[];
  settings(values: Values<V>, context: Context, files: SecretFiles): S;
}

export function defineNamespace<V extends Variables, S>(definition: Namespace<V, S>): Namespace<V, S> {
  return definition;
}

export const text = z.string().min(1);
export const optionalText = text.optional();

/** A whole number between two bounds, both included. */
export function whole(min: number, max: number) {
  return z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(min).max(max));
}

export const onOff = z.enum(['on', 'off']).transform((value) => value === 'on');

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Where secrets and decisions travel: https, or http to this machine. */
export const secureUrl = z.string().refine(
  (value) => {
    if (!URL.canParse(value) || value.includes('#')) return false;
    const { protocol, hostname } = new URL(value);
    return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
  },
  { error: 'must be an https URL, or http on loopback' },
);

export function url(...protocols: string[]) {
  return z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });
}

/** Origins of pages, as a browser writes them: never `*`. */
export const origins = z.string().transform((value, context): string[] => {
  const named = value
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  if (named.every(isOrigin)) return named;
  context.addIssue('must be origins such as https://watch.example.com, separated by commas');
  return z.NEVER;
});

function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
