import { getCACertificates } from 'node:tls';
import { endpoint } from '@app/kernel';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { type AddressPolicy, AddressRefusedError } from './address-policy.js';
import { EgressClient, type EgressClientOptions } from './egress-client.js';
import { isLoopbackTarget, noProxyMatcher } from './no-proxy.js';
import { openTunnel } from './proxy-tunnel.js';

export interface EgressSettings {
  proxy: URL | undefined;
  noProxy: string;
  /** PEM certificates to trust in addition to those of Node. */
  extraCa: string[];
}

/**
 * The way out of this process: everything that calls other services over HTTP connects here, through the proxy or
 * directly. Only https goes through the proxy, in a tunnel: the proxy never sees what is sent. Loopback is always
 * direct. Nothing here reads the environment.
 */
export class Egress {
  private readonly isExempt: (target: URL) => boolean;
  private readonly ca: string[] | undefined;

  constructor(private readonly settings: EgressSettings) {
    this.isExempt = noProxyMatcher(settings.noProxy);
    this.ca = settings.extraCa.length === 0 ? undefined : [...getCACertificates(), ...settings.extraCa];
  }

  /**
   * Keep-alive connections, HTTP/1.1 only: one unresponsive HTTP/2 connection would fail all calls multiplexed on it.
   * undici's timers may fire half a second early, so `timeoutMs` is only a backstop for a deadline of the caller's own.
   *
   * @param policy which addresses may be called, for targets that were not chosen by operators
   */
  dispatcher(timeoutMs: number, policy?: AddressPolicy): Dispatcher {
    return new Agent({
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      allowH2: false,
      useMilo: false,
      connect: this.connector(timeoutMs, policy),
    });
  }

  /** For calls that send and receive short texts. */
  client(options: EgressClientOptions, policy?: AddressPolicy): EgressClient {
    return new EgressClient((timeoutMs) => this.dispatcher(timeoutMs, policy), options);
  }

  /**
   * Connects to the target as a call would, TLS included, and disconnects without a request.
   *
   * @throws ProxyError, or the error of the connection
   */
  async probe(target: URL, timeoutMs: number): Promise<void> {
    const connect = this.connector(timeoutMs);
    const { host, protocol, port } = target;
    const hostname = target.hostname.replace(/^\[(.*)\]$/, '$1');
    await new Promise<void>((resolve, reject) => {
      connect({ host, hostname, protocol, port }, (error, socket) => {
        socket?.on('error', () => undefined).destroy();
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Host and port of the proxy on the way to the target; undefined if there is none. */
  proxyOnTheWayTo(target: URL): string | undefined {
    const proxy = this.proxyFor(target);
    return proxy && endpoint(proxy.href);
  }

  private proxyFor(target: URL): URL | undefined {
    const { proxy } = this.settings;
    const isDirect = target.protocol !== 'https:' || isLoopbackTarget(target) || this.isExempt(target);
    return isDirect ? undefined : proxy;
  }

  private connector(timeoutMs: number, policy?: AddressPolicy): buildConnector.connector {
    const { ca } = this;
    const lookup = policy?.lookup;
    const connect = buildConnector({
      timeout: timeoutMs,
      allowH2: false,
      ...(ca && { ca }),
      ...(lookup && { lookup }),
    });
    return (options, callback) => {
      const target = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
      if (policy?.isRefused(target) === true) {
        callback(new AddressRefusedError(), null);
        return;
      }
      const proxy = this.proxyFor(target);
      if (proxy === undefined) {
        connect(options, callback);
        return;
      }
      const tunnel = async () => openTunnel(proxy, await pinned(target, policy), { ca, timeoutMs });
      tunnel().then(
        (httpSocket) => {
          connect({ ...options, httpSocket }, callback);
        },
        (error: unknown) => {
          callback(error as Error, null);
        },
      );
    };
  }
}

/**
 * What the proxy is asked for: the address that was checked, since the proxy would resolve the name once more, maybe to
 * another one. TLS still checks the certificate against the name.
 */
async function pinned(target: URL, policy: AddressPolicy | undefined): Promise<URL> {
  if (policy === undefined || policy.isExempt(target)) return target;
  const [{ address, family } = { address: '', family: 0 }] = await policy.resolve(target.hostname);
  const url = new URL(target);
  url.hostname = family === 6 ? `[${address}]` : address;
  return url;
}
