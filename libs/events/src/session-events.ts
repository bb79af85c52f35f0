import { ConfigService, type SettingsService } from '@app/config';
import { decodeSessionEvents, endpoint, jittered, sleep, SESSION_EVENTS_CHANNEL, withTimeout } from '@app/kernel';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** Receives session events. Both methods must return quickly and must not throw. */
export interface SessionEventsListener {
  /** These sessions changed. */
  changed(ids: readonly string[]): void;
  /** Events may have been missed, as after a reconnect: reread all relevant sessions. */
  missed(): void;
}

const HEARTBEAT_EVERY_MS = 2000;
const HEARTBEAT_WITHIN_MS = 2000;
const CONNECT_WITHIN_MS = 2000;
const RECONNECT_AFTER_MS = 500;

/**
 * The LISTEN connection of this process. A connection can stop working without an error (firewall, proxy, frozen
 * server), so heartbeats are sent through the same connection; if one does not come back, the connection is replaced.
 * Events are hints: the row is the source of truth.
 */
@Injectable()
export class SessionEvents implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(SessionEvents.name);
  private readonly listeners = new Set<SessionEventsListener>();
  private readonly stopping = new AbortController();
  /** Unique to this process, so that it receives only its own heartbeats. */
  private readonly heartbeatChannel = `heartbeat_${randomUUID().replaceAll('-', '')}`;
  private onHeartbeat: () => void = () => undefined;
  private loop: Promise<void> | undefined;
  /** Whether events are being received, as of the last heartbeat. */
  isUp = false;
  private wasUp = false;

  constructor(@Inject(ConfigService) private readonly config: SettingsService<'database'>) {}

  subscribe(listener: SessionEventsListener): void {
    this.listeners.add(listener);
  }

  onApplicationBootstrap(): void {
    this.loop = this.stayConnected();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async stayConnected(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const lost = new AbortController();
      const client = this.newClient(lost);
      let reason = 'connection closed';
      // A shutdown must not wait for a response that may never arrive.
      const quit = (): void => {
        hangUp(client);
      };
      this.stopping.signal.addEventListener('abort', quit, { once: true });
      try {
        await withTimeout(CONNECT_WITHIN_MS, this.listen(client), () => new Error('no response'));
        this.setUp(true);
        for (const listener of this.listeners) listener.missed();
        await this.beat(client, AbortSignal.any([this.stopping.signal, lost.signal]));
      } catch (error) {
        reason = (error as { code?: string }).code ?? 'no response';
      }
      this.setUp(false, reason);
      this.stopping.signal.removeEventListener('abort', quit);
      hangUp(client);
      await sleep(jittered(RECONNECT_AFTER_MS), this.stopping.signal);
    }
  }

  private newClient(lost: AbortController): Client {
    const { url } = this.config.get('database', { infer: true });
    const client = new Client({ connectionString: url, keepAlive: true, application_name: 'session-events' });
    client.on('error', () => {
      lost.abort();
    });
    client.on('end', () => {
      lost.abort();
    });
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === this.heartbeatChannel) this.onHeartbeat();
      else for (const listener of this.listeners) listener.changed(decodeSessionEvents(payload));
    });
    return client;
  }

  private async listen(client: Client): Promise<void> {
    await client.connect();
    await client.query(`LISTEN ${SESSION_EVENTS_CHANNEL}`);
    await client.query(`LISTEN ${this.heartbeatChannel}`);
  }

  /** Returns when the connection is lost or the process stops; throws if a heartbeat is overdue. */
  private async beat(client: Client, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const back = new Promise<void>((resolve) => {
        this.onHeartbeat = resolve;
      });
      const sent = client.query(`NOTIFY ${this.heartbeatChannel}`);
      await withTimeout(HEARTBEAT_WITHIN_MS, Promise.all([sent, back]), () => new Error('heartbeat overdue'));
      await sleep(HEARTBEAT_EVERY_MS, over);
    }
  }

  private setUp(up: boolean, reason = ''): void {
    if (this.isUp === up || this.stopping.signal.aborted) return;
    this.isUp = up;
    const database = endpoint(this.config.get('database', { infer: true }).url);
    if (up) {
      if (this.wasUp) this.log.warn(`session events restored: listening on ${database} again`);
      this.wasUp = true;
    } else {
      this.log.warn(`session events lost on ${database} (${reason}): reconnecting; waiting requests poll every second`);
    }
  }
}

/** Destroys the socket, since a graceful close would wait forever on an unresponsive connection. */
function hangUp(client: Client): void {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  stream.destroy();
}
