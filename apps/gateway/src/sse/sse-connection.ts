import type { ServerResponse } from 'node:http';
import type { SeatCounts, SessionRecord } from '@app/entities';

/** Unread output at which a client counts as too slow, in bytes. */
export const MAX_UNREAD_BYTES = 64 * 1024;

/** The part of a response that a connection uses. */
export type Sink = Pick<ServerResponse, 'write' | 'end' | 'destroy' | 'writableLength'>;

/** One client following one session. A state given twice is sent once. */
export class SseConnection {
  private seen: string | undefined;
  /** The seats sent last. A client that follows for the first time expects none. */
  private seats: string | undefined;
  private ended = false;

  constructor(
    private readonly sink: Sink,
    private readonly frameOf: (session: SessionRecord) => string,
    /** The version that the client has already seen, from `Last-Event-ID`. */
    private readonly lastEventId: string | undefined,
  ) {
    if (lastEventId === undefined) this.seats = seatsFrame({ participants: 0, viewers: 0 });
  }

  /** Sends a state. @returns whether it was the last one */
  send(session: SessionRecord): boolean {
    const version = String(session.version);
    // A session can expire before its row is updated, so the version alone does not identify the state.
    const state = `${version} ${session.status}`;
    const known = this.seen === undefined ? version === this.lastEventId : state === this.seen;
    this.seen = state;
    const last = session.status === 'closed' || session.status === 'expired';
    if (!known || last) this.write(this.frameOf(session));
    return last;
  }

  /** Sends how many seats are held, if that changed. It has no id: the last event id stays the version of the session. */
  sendSeats(counts: SeatCounts): void {
    const frame = seatsFrame(counts);
    if (frame === this.seats) return;
    this.seats = frame;
    this.write(frame);
  }

  /** An SSE comment, so that proxies and clients see a live connection. */
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
    // The client does not read: cut the connection.
    this.ended = true;
    this.sink.destroy();
  }
}

function seatsFrame({ participants, viewers }: SeatCounts): string {
  return `event: seats\ndata: ${JSON.stringify({ participants, viewers })}\n\n`;
}
