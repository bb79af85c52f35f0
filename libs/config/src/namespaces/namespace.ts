import { z } from 'zod';

/** One environment variable: how it is parsed and how `.env.example` describes it. */
export interface Variable<S extends z.ZodType = z.ZodType> {
  schema: S;
  /** One or two sentences for operators: what it controls, and its unit. */
  description: string;
  /** The default, as it would be written in an env file; absent if there is none. */
  default?: string;
  /** Can also be read from a file (`NAME_FILE`); the value is never printed. */
  secret?: boolean;
  /** A shell one-liner that prints a valid value. Every secret has one. */
  recipe?: string;
  /** A second spelling, which wins if both are set: the lower case that other programs read too. */
  alias?: string;
}

export type Variables = Record<string, Variable>;
export type Values<V extends Variables> = { [N in keyof V]: z.output<V[N]['schema']> };

export interface Context {
  /** True unless `NODE_ENV` is `development` or `test`. */
  production: boolean;
  /** True only if `NODE_ENV` is `development`. */
  development: boolean;
}

/** The file each secret was read from, by variable name: for secrets that are reread when their file changes. */
export type SecretFiles = Readonly<Record<string, string | undefined>>;

/** A group of related variables, and the settings derived from them. */
export interface Namespace<V extends Variables = Variables, S = unknown> {
  title: string;
  variables: V;
  /** Earlier names of variables, refused at start with the name to use: `{ OLD: 'NEW' }`. */
  renamed?: Readonly<Record<string, string>>;
  /** Variables that are required in view of the others. */
  needs?(values: Partial<Values<V>>): readonly (keyof V & string)[];
  /**
   * Rules that involve several variables. Missing and invalid ones are absent from `values`. The messages name
   * variables, never values.
   */
  faults?(values: Partial<Values<V>>, context: Context): string[];
  settings(values: Values<V>, context: Context, files: SecretFiles): S;
}

export function defineNamespace<V extends Variables, S>(definition: Namespace<V, S>): Namespace<V, S> {
  return definition;
}

export const text = z.string().min(1);
export const optionalText = text.optional();

/** An integer between two inclusive bounds. */
export function whole(min: number, max: number) {
  return z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(min).max(max));
}

export const onOff = z.enum(['on', 'off']).transform((value) => value === 'on');

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Whether a host name of a URL is this machine. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.includes(hostname);
}

/** For URLs that carry secrets or authorization decisions: https, or http on loopback. */
export const secureUrl = z.string().refine(
  (value) => {
    if (!URL.canParse(value) || value.includes('#')) return false;
    const { protocol, hostname } = new URL(value);
    return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  },
  { error: 'must be an https URL, or http on loopback' },
);

export function url(...protocols: string[]) {
  return z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });
}

/** Comma-separated origins in the form of the `Origin` header. `*` is not accepted. */
export const origins = z.string().transform((value, context): string[] => {
  const named = value
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  if (named.every(isOrigin)) return named;
  context.addIssue('must be a comma-separated list of origins such as https://watch.example.com');
  return z.NEVER;
});

function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
