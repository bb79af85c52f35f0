import { CodedError } from '@app/kernel';

/** The proxy opened no tunnel to the target. The message names the proxy by host and port, never its credentials. */
export class ProxyError extends CodedError {
  readonly code = 'proxy-failed';

  /** @param proxy host and port */
  constructor(proxy: string, what: string) {
    super(`proxy ${proxy} ${what}`);
  }
}
