import type { ServerResponse } from 'node:http';
import type { SessionRecord } from '@app/entities';

/** What may lie unread before a reader counts as too slow, in bytes. */
export const MAX_UNREAD_BYTES = 64 * 1024;

/** What a stream needs of a response. */
export type Sink = Pick<ServerResponse, 'write' | 'end' | 'destroy' | 'writableLength'>;

/** One reader of one session's events. Told the same state twice, it passes it on once. */
export class SseConnection {
  private seen: string | undefined;
  private ended = false;

  constructor(
    private readonly sink: Sink,
    private readonly frameOf: (session: SessionRecord) => string,
    /** The version that the reader has seen already, by its `Last-Event-ID`. */
    private readonly lastEventId: string | undefined,
  ) {}

  /** Passes a state on. @returns whether it was the last one */
  send(session: SessionRecord): boolean {
    const version = String(session.version);
    // The clock can end a session before its row says so: the version alone is not the state.
    const state = `${version} ${session.status}`;
    const known = this.seen === undefined ? version === this.lastEventId : state === this.seen;
    this.seen = state;
    const last = session.status === 'closed' || session.status === 'expired';
    if (!known || last) this.write(this.frameOf(session));
    return last;
  }

  /** A comment: proxies and readers see that the stream is alive. */
  heartbeat(): void {
    this.write(':\n\n');
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.sink.end();
  }

  private write(text: string): void {
    if (this.ended) return;
    this.sink.write(text);
    if (this.sink.writableLength <= MAX_UNREAD_BYTES) return;
    // Nobody waits for a reader that does not read.
    this.ended = true;
    this.sink.destroy();
  }
}
