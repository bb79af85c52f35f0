import type { Client } from './client.js';

export interface Event {
  id: string;
  event: string;
  data: { id: string; status: string; version: number; successor?: string };
}

/** A reader of one stream, as a client with `fetch` would write it. */
export class EventReader {
  private static readonly all: EventReader[] = [];
  text = '';
  ended = false;
  private readonly leaving = new AbortController();

  static async open(client: Client, id: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const reader = new EventReader();
    const response = await fetch(`${client.url}/v1/sessions/${id}/events`, {
      headers: { authorization: `Bearer ${String(client.apiKey)}`, ...headers },
      signal: reader.leaving.signal,
    });
    reader.response = response;
    EventReader.all.push(reader);
    void reader.read();
    return reader;
  }

  response!: Response;

  get events(): Event[] {
    return this.text
      .split('\n\n')
      .filter((part) => part.startsWith('event: session'))
      .map((part) => {
        const [, event = '', id = '', data = ''] = /^event: (.*)\nid: (.*)\ndata: (.*)$/.exec(part) ?? [];
        return { event, id, data: JSON.parse(data) as Event['data'] };
      });
  }

  /** The counts of the `seats` events. */
  get seats(): { participants: number; viewers: number }[] {
    const found = this.text.matchAll(/^event: seats\ndata: (.*)$/gm);
    return [...found].map(([, data = '']) => JSON.parse(data) as { participants: number; viewers: number });
  }

  get states(): string[] {
    return this.events.map(({ data }) => data.status);
  }

  /** Every reader of this file leaves. */
  static leaveAll(): void {
    for (const reader of EventReader.all.splice(0)) reader.leave();
  }

  leave(): void {
    this.leaving.abort();
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const part of this.response.body ?? []) this.text += decoder.decode(part as Uint8Array);
    } catch {
      // Cut off, or left: as good as ended.
    }
    this.ended = true;
  }
}
