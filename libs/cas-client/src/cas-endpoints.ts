import {
  casEndpoints,
  type CasEndpointSettings,
  ConfigService,
  insecureEndpoints,
  readSecretFile,
  type SettingsService,
} from '@app/config';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { appearance } from './appearance.js';
import { CasCredentials, type CasKeyPair, ROTATING_FOR_MS } from './cas-credentials.js';

/** One place where CAS can be called. Its credentials are sent to it alone. */
export interface CasEndpoint {
  readonly name: string;
  readonly url: string;
  keyPair(): CasKeyPair;
  /** Whether the credentials changed recently: a rejection is inconclusive then. */
  isRotating(): boolean;
}

/** Minimum interval between checks of the file, in ms. */
const CHECK_EVERY_MS = 1000;

/**
 * The CAS endpoints in order of preference. A list that was read from a file is reread when the file changes; one that is
 * not valid changes nothing. Asked before every call.
 */
@Injectable()
export class CasEndpoints {
  private readonly log = new Logger(CasEndpoints.name);
  private list: readonly CasEndpoint[];
  private readAs: string | undefined;
  private lookedAt = -Infinity;

  constructor(@Inject(ConfigService) private readonly config: SettingsService<'cas'>) {
    const { endpoints, endpointsFile, apiKeyFile, apiSecretFile } = this.settings;
    this.list = endpoints.map((one) => {
      const credentials = new CasCredentials({ ...one, apiKeyFile, apiSecretFile });
      const { name, url } = one;
      return { name, url, keyPair: () => credentials.current(), isRotating: () => credentials.isRotating() };
    });
    if (endpointsFile !== undefined) this.readAs = appearance(endpointsFile);
  }

  /** At least one. */
  inOrder(): readonly CasEndpoint[] {
    const { endpointsFile } = this.settings;
    if (endpointsFile !== undefined && performance.now() - this.lookedAt >= CHECK_EVERY_MS) this.check(endpointsFile);
    return this.list;
  }

  private check(file: string): void {
    this.lookedAt = performance.now();
    const state = appearance(file);
    if (state === this.readAs) return;
    this.readAs = state;
    const read = this.read(file);
    if (typeof read === 'string') {
      this.log.error(`CAS endpoints not reloaded from their file: ${read}. The previous ones stay in use`);
      return;
    }
    this.list = read.map((one) => this.toEndpoint(one));
    this.log.warn(`CAS endpoints reloaded from their file: ${read.map(({ name }) => name).join(', ')}`);
  }

  /** The list, or why it cannot be used. */
  private read(file: string): CasEndpointSettings[] | string {
    const text = readSecretFile(file);
    if (text === null) return 'the file cannot be read';
    const { data, error } = casEndpoints.safeParse(text);
    if (data === undefined) return `CAS_ENDPOINTS ${error.issues[0]?.message ?? 'is not valid'}`;
    const insecure = this.settings.allowHttp ? [] : insecureEndpoints(data);
    return insecure.length === 0 ? data : `${insecure.join(', ')} must be https`;
  }

  /** An endpoint whose credentials are new may be ahead of CAS, which learns of them a little later. */
  private toEndpoint({ name, url, apiKey, apiSecret }: CasEndpointSettings): CasEndpoint {
    const before = this.list.find((one) => one.name === name);
    const pair = before?.keyPair();
    const isSame = before?.url === url && pair?.apiKey === apiKey && pair.apiSecret === apiSecret;
    if (isSame) return before;
    const changedAt = performance.now();
    return {
      ...{ name, url, keyPair: () => ({ apiKey, apiSecret }) },
      isRotating: () => performance.now() - changedAt < ROTATING_FOR_MS,
    };
  }

  private get settings() {
    return this.config.get('cas', { infer: true });
  }
}
