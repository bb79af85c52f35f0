import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

export interface TransportSettings {
  url: string;
  timeoutMs: number;
  httpsProxy?: string | undefined;
  noProxy?: string | undefined;
}

/** undici's timers are coarse, and may be early by half a second: they must not come before the client's deadline. */
const SECOND_NET_MS = 1000;

/**
 * Connections to CAS, kept alive between calls. Nothing is left to undici's defaults that would read the environment,
 * and its own timeouts are only a second net under the client's deadline: they free what a given-up call leaves behind.
 */
export function createDispatcher({ url, timeoutMs, httpsProxy, noProxy }: TransportSettings): Dispatcher {
  const netMs = timeoutMs + SECOND_NET_MS;
  const timeouts = { headersTimeout: netMs, bodyTimeout: netMs };
  // HTTP/1.1: one silent HTTP/2 connection would take all calls down with it.
  const options: Agent.Options = { ...timeouts, connectTimeout: netMs, allowH2: false, useMilo: false };
  if (httpsProxy === undefined || new URL(url).protocol !== 'https:') return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: '',
    httpsProxy,
    noProxy: noProxy ?? '',
    // Without these a proxy that never answers CONNECT would block later calls for undici's default of 300 s.
    clientFactory: (origin, connectOptions) => new Pool(origin, { ...connectOptions, ...timeouts }),
  });
}
