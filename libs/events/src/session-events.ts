import { ConfigService, type SettingsService } from '@app/config';
import { decodeSessionEvents, jittered, sleep, SESSION_EVENTS_CHANNEL, withTimeout } from '@app/kernel';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** Whoever wants to know. Both calls must be quick and must not throw. */
export interface SessionEventsListener {
  /** These sessions changed. */
  changed(ids: readonly string[]): void;
  /** Changes may have been missed, as after a reconnect: look at everything that matters to you. */
  missed(): void;
}

const HEARTBEAT_EVERY_MS = 2000;
const HEARTBEAT_WITHIN_MS = 2000;
const CONNECT_WITHIN_MS = 2000;
const RECONNECT_AFTER_MS = 500;

/**
 * One LISTEN connection for this process. A connection can fall silent without an error (a firewall, a proxy, a frozen
 * server), so a heartbeat goes out through the same channel and must come back; if it does not, the connection is
 * thrown away and built anew. Events are nudges: whoever needs certainty reads the row.
 */
@Injectable()
export class SessionEvents implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(SessionEvents.name);
  private readonly listeners = new Set<SessionEventsListener>();
  private readonly stopping = new AbortController();
  /** Of this process alone, so that nobody else's heartbeat is taken for its own. */
  private readonly heartbeatChannel = `heartbeat_${randomUUID().replaceAll('-', '')}`;
  private onHeartbeat: () => void = () => undefined;
  private loop: Promise<void> | undefined;
  /** Whether events are coming in, as far as the last heartbeat can tell. */
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
      // At shutdown nobody waits for an answer that may never come.
      const quit = (): void => {
        hangUp(client);
      };
      this.stopping.signal.addEventListener('abort', quit, { once: true });
      try {
        await withTimeout(CONNECT_WITHIN_MS, this.listen(client), () => new Error('no answer'));
        this.setUp(true);
        for (const listener of this.listeners) listener.missed();
        await this.beat(client, AbortSignal.any([this.stopping.signal, lost.signal]));
      } catch {
        // Whatever went wrong, the answer is the same: hang up and connect anew.
      }
      this.setUp(false);
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

  /** Returns when the connection was lost or the process stops; throws when a heartbeat is overdue. */
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

  private setUp(up: boolean): void {
    if (this.isUp === up || this.stopping.signal.aborted) return;
    this.isUp = up;
    if (up) {
      if (this.wasUp) this.log.warn('session events come in again');
      this.wasUp = true;
    } else this.log.warn('session events have stopped: waiting requests fall back to re-reading once a second');
  }
}

/** A silent connection would wait for ever to be closed politely: its socket is destroyed. */
function hangUp(client: Client): void {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  stream.destroy();
}
