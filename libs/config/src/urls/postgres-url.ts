import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { percentFault } from './percent-encoding.js';

/** What a PostgreSQL URL says, in the terms of node-postgres. Absent parts are left to its defaults. */
export interface PostgresTarget {
  /** A host name or address, or the directory of a Unix socket. */
  host?: string;
  port?: number;
  user?: string;
  password?: string;
  database?: string;
  /** `false` without TLS. */
  ssl: false | ConnectionOptions;
  sslnegotiation?: 'direct';
  /** Startup options such as `-c search_path=app`. */
  options?: string;
  /** Whether SCRAM must be bound to the TLS channel (`require`), or is if the server offers it (`prefer`). */
  channelBinding: 'require' | 'prefer' | 'disable';
}

/** The URL cannot be used. The message continues the name of its variable and holds no part of the URL but names. */
export class UrlFault extends Error {}

/** Parameters of libpq that have no effect here: this service has its own timeouts, keepalive and application names. */
const WITHOUT_EFFECT = new Set([
  'application_name',
  'client_encoding',
  'connect_timeout',
  'fallback_application_name',
  'gssencmode',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'load_balance_hosts',
  'pgbouncer',
  'sslcompression',
  'sslsni',
  'tcp_user_timeout',
  'uselibpqcompat',
]);
const KNOWN = new Set([
  'channel_binding',
  'dbname',
  'host',
  'options',
  'password',
  'port',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslpassword',
  'sslrootcert',
  'target_session_attrs',
  'user',
]);

/**
 * Parses the URL forms of libpq, with libpq's meaning of `sslmode`. What this service cannot honour is refused rather
 * than ignored.
 *
 * @throws UrlFault
 */
export function parsePostgresUrl(text: string): PostgresTarget {
  const url = toUrl(text);
  const parameters = readParameters(url);
  const host = parameters.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const port = parameters.get('port') ?? url.port;
  if (`${host}${port}`.includes(',')) throw severalHosts();
  if (!/^\d*$/.test(port)) throw new UrlFault('must have a port that is a number');
  const user = parameters.get('user') ?? decodeURIComponent(url.username);
  const password = parameters.get('password') ?? decodeURIComponent(url.password);
  const database = parameters.get('dbname') ?? decodeURIComponent(url.pathname.slice(1));
  const options = parameters.get('options');
  return {
    ...(host !== '' && { host }),
    ...(port !== '' && { port: Number(port) }),
    ...(user !== '' && { user }),
    ...(password !== '' && { password }),
    ...(database !== '' && { database }),
    ...(options !== undefined && { options }),
    ...tls(parameters),
  };
}

function toUrl(text: string): URL {
  if (!/^postgres(ql)?:\/\//.test(text)) throw new UrlFault('must be a URL starting with postgres:// or postgresql://');
  const fault = percentFault(text);
  if (fault !== null) throw new UrlFault(fault);
  const authority = /^\w+:\/\/([^/?#]*)/.exec(text)?.[1] ?? '';
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(',')) throw severalHosts();
  // `user@/database` names no host; WHATWG URLs need one.
  const whole = text.replace(/^(\w+:\/\/[^/?#]*@)(?=[/?]|$)/, '$1localhost');
  if (!URL.canParse(whole) || text.includes('#')) {
    throw new UrlFault(
      'must be a valid URL: percent-encode special characters of user and password (/ is %2F, # is %23, ? is %3F, @ is %40, : is %3A, % is %25)',
    );
  }
  const url = new URL(whole);
  if (whole !== text) url.hostname = '';
  return url;
}

function severalHosts(): UrlFault {
  return new UrlFault(
    'must name one host: several are not supported. Use a name that always leads to the primary (the endpoint of a managed service, a proxy, a virtual address)',
  );
}

function readParameters({ searchParams }: URL): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of searchParams) {
    if (WITHOUT_EFFECT.has(name)) continue;
    if (!KNOWN.has(name)) {
      const shown = /^\w{1,40}$/.test(name) ? `: ${name}` : '';
      throw new UrlFault(`must have no parameter that this service does not know${shown}`);
    }
    parameters.set(name, value);
  }
  const wanted = parameters.get('target_session_attrs') ?? 'any';
  if (!['any', 'primary', 'read-write'].includes(wanted)) {
    throw new UrlFault('must lead to the primary: target_session_attrs must be read-write, primary or any');
  }
  return parameters;
}

function tls(parameters: Map<string, string>): Pick<PostgresTarget, 'ssl' | 'sslnegotiation' | 'channelBinding'> {
  const channelBinding = parameters.get('channel_binding') ?? 'prefer';
  if (channelBinding !== 'require' && channelBinding !== 'prefer' && channelBinding !== 'disable')
    throw new UrlFault('must have channel_binding require, prefer or disable');
  const ssl = sslOptions(parameters);
  if (ssl === false && channelBinding === 'require')
    throw new UrlFault('must use TLS for channel_binding=require: add sslmode=verify-full');
  const negotiation = parameters.get('sslnegotiation') ?? 'postgres';
  if (negotiation !== 'postgres' && negotiation !== 'direct')
    throw new UrlFault('must have sslnegotiation postgres or direct');
  if (negotiation === 'direct' && ssl === false)
    throw new UrlFault('must use TLS for sslnegotiation=direct: add sslmode=verify-full');
  return { ssl, channelBinding, ...(negotiation === 'direct' && { sslnegotiation: negotiation }) };
}

/** libpq's modes. Its default `prefer` falls back to plain text in silence, so it is refused, and TLS must be named. */
function sslOptions(parameters: Map<string, string>): false | ConnectionOptions {
  const files = readFiles(parameters);
  const mode = parameters.get('sslmode') ?? modeOfSsl(parameters.get('ssl')) ?? (files.any ? 'verify-full' : 'disable');
  switch (mode) {
    case 'disable':
      return false;
    case 'no-verify':
      return { ...files.options, rejectUnauthorized: false };
    case 'require':
      return files.options.ca === undefined
        ? { ...files.options, rejectUnauthorized: false }
        : { ...files.options, checkServerIdentity: () => undefined };
    case 'verify-ca':
      if (files.options.ca === undefined)
        throw new UrlFault('must have sslrootcert, the CA file, for sslmode=verify-ca');
      return { ...files.options, checkServerIdentity: () => undefined };
    case 'verify-full':
      return files.options;
    case 'prefer':
    case 'allow':
      throw new UrlFault(
        `must not have sslmode=${mode}, which falls back to plain text in silence: use verify-full, verify-ca or require, or disable on a trusted network`,
      );
    default:
      throw new UrlFault('must have sslmode disable, require, verify-ca or verify-full');
  }
}

/** `ssl=true` is the form of JDBC and of node-postgres. */
function modeOfSsl(ssl: string | undefined): string | undefined {
  if (ssl === undefined) return undefined;
  if (['true', '1'].includes(ssl)) return 'verify-full';
  if (['false', '0'].includes(ssl)) return 'disable';
  if (ssl === 'no-verify') return ssl;
  throw new UrlFault('must have ssl true or false');
}

function readFiles(parameters: Map<string, string>): { options: ConnectionOptions; any: boolean } {
  const root = parameters.get('sslrootcert');
  const cert = parameters.get('sslcert');
  const key = parameters.get('sslkey');
  if ((cert === undefined) !== (key === undefined)) throw new UrlFault('must have sslcert and sslkey together');
  const passphrase = parameters.get('sslpassword');
  const options: ConnectionOptions = {
    // `system` means the CAs that the runtime trusts, as without the parameter.
    ...(root !== undefined && root !== 'system' && { ca: readPem(root, 'sslrootcert') }),
    ...(cert !== undefined && { cert: readPem(cert, 'sslcert') }),
    ...(key !== undefined && { key: readPem(key, 'sslkey') }),
    ...(passphrase !== undefined && { passphrase }),
  };
  return { options, any: root !== undefined || cert !== undefined };
}

function readPem(path: string, parameter: string): string {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    throw new UrlFault(`must have a readable file as ${parameter}`);
  }
  if (!content.includes('-----BEGIN ')) throw new UrlFault(`must have a PEM file as ${parameter}`);
  return content;
}
