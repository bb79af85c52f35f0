import { Postgres, type PostgresClient, ReadOnlyServerError } from '@app/connections';
import {
  decodeSessionEvents,
  describeCause,
  jittered,
  sleep,
  SESSION_EVENTS_CHANNEL,
  sortSessionEvents,
  withTimeout,
} from '@app/kernel';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { randomUUID } from 'node:crypto';

/** Receives session events. The methods must return quickly and must not throw. */
export interface SessionEventsListener {
  /** These sessions changed. */
  changed(ids: readonly string[]): void;
  /** Seats of these sessions changed, the sessions did not. */
  seatsChanged?(sessionIds: readonly string[]): void;
  /** Events may have been missed, as after a reconnect: reread all relevant sessions. */
  missed(): void;
}

const HEARTBEAT_EVERY_MS = 1000;
const HEARTBEAT_WITHIN_MS = 2000;
const CONNECT_WITHIN_MS = 2000;
const RECONNECT_AFTER_MS = 500;

/**
 * The LISTEN connection of this process. A connection can stop working without an error (firewall, proxy, frozen
 * server), or lead to a server that is no longer the primary, so heartbeats are sent through the same connection; if one
 * does not come back, or from a read-only server, the connection is replaced.
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
  /** All events up to this moment have been received: when the latest heartbeat that came back was sent. */
  provenAt = -Infinity;
  private wasUp = false;

  constructor(private readonly postgres: Postgres) {}

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
      let cause: unknown;
      // A shutdown must not wait for a response that may never arrive.
      const quit = (): void => {
        client.hangUp();
      };
      this.stopping.signal.addEventListener('abort', quit, { once: true });
      try {
        await withTimeout(CONNECT_WITHIN_MS, this.listen(client), () => new Error('no response'));
        this.setUp(true);
        for (const listener of this.listeners) listener.missed();
        await this.beat(client, AbortSignal.any([this.stopping.signal, lost.signal]));
        cause = lost.signal.reason;
      } catch (error) {
        cause = error;
      }
      if (cause instanceof ReadOnlyServerError) this.postgres.replaceConnections();
      this.setUp(false, cause);
      this.stopping.signal.removeEventListener('abort', quit);
      client.hangUp();
      await sleep(jittered(RECONNECT_AFTER_MS), this.stopping.signal);
    }
  }

  private newClient(lost: AbortController): PostgresClient {
    const client = this.postgres.newClient({ keepAlive: true, application_name: 'session-events' });
    client.on('error', (error) => {
      lost.abort(error);
    });
    client.on('end', () => {
      lost.abort(new Error('connection closed'));
    });
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === this.heartbeatChannel) this.onHeartbeat();
      else this.tell(decodeSessionEvents(payload));
    });
    return client;
  }

  private tell(ids: readonly string[]): void {
    const { sessions, seats } = sortSessionEvents(ids);
    for (const listener of this.listeners) {
      if (sessions.length > 0) listener.changed(sessions);
      if (seats.length > 0) listener.seatsChanged?.(seats);
    }
  }

  private async listen(client: PostgresClient): Promise<void> {
    await client.connect();
    await client.query(`LISTEN ${SESSION_EVENTS_CHANNEL}`);
    await client.query(`LISTEN ${this.heartbeatChannel}`);
    await this.sendHeartbeat(client);
  }

  /** Returns when the connection is lost or the process stops; throws if a heartbeat is overdue or finds no primary. */
  private async beat(client: PostgresClient, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const back = new Promise<void>((resolve) => {
        this.onHeartbeat = resolve;
      });
      const sentAt = performance.now();
      const sent = this.sendHeartbeat(client);
      await withTimeout(HEARTBEAT_WITHIN_MS, Promise.all([sent, back]), () => new Error('heartbeat overdue'));
      this.provenAt = sentAt;
      await sleep(HEARTBEAT_EVERY_MS, over);
    }
  }

  /** A demoted primary would deliver heartbeats as well, but no events. @throws ReadOnlyServerError */
  private async sendHeartbeat(client: PostgresClient): Promise<void> {
    await client.query(`NOTIFY ${this.heartbeatChannel}`);
    const { rows } = await client.query<{ transaction_read_only: string }>('SHOW transaction_read_only');
    if (rows[0]?.transaction_read_only === 'on') throw new ReadOnlyServerError();
  }

  private setUp(up: boolean, cause?: unknown): void {
    if (this.isUp === up || this.stopping.signal.aborted) return;
    this.isUp = up;
    const { place } = this.postgres;
    if (up) {
      if (this.wasUp) this.log.warn(`session events restored: listening on ${place} again`);
      this.wasUp = true;
    } else {
      const lost = describeCause(place, cause);
      this.log.warn(`session events lost: ${lost}. Reconnecting; waiting requests poll every second`);
    }
  }
}
