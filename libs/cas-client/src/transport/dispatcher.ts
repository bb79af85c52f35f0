import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

export interface TransportSettings {
  url: string;
  timeoutMs: number;
  httpsProxy?: string | undefined;
  noProxy?: string | undefined;
}

/** undici's timers may fire half a second early. They must not fire before the client's deadline. */
const SECOND_NET_MS = 1000;

/**
 * Keep-alive connections to CAS. No undici default that reads the environment is used. undici's timeouts are only a
 * backstop for the client's deadline: they release the connections of abandoned calls.
 */
export function createDispatcher({ url, timeoutMs, httpsProxy, noProxy }: TransportSettings): Dispatcher {
  const netMs = timeoutMs + SECOND_NET_MS;
  const timeouts = { headersTimeout: netMs, bodyTimeout: netMs };
  // HTTP/1.1 only: one unresponsive HTTP/2 connection would fail all calls multiplexed on it.
  const options: Agent.Options = { ...timeouts, connectTimeout: netMs, allowH2: false, useMilo: false };
  if (httpsProxy === undefined || new URL(url).protocol !== 'https:') return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: '',
    httpsProxy,
    noProxy: noProxy ?? '',
    // Otherwise a proxy that never responds to CONNECT would block later calls for undici's default of 300 s.
    clientFactory: (origin, connectOptions) => new Pool(origin, { ...connectOptions, ...timeouts }),
  });
}
