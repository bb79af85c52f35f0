import { expect } from '@jest/globals';
import type { Client } from './client.js';
import { eventually } from './eventually.js';

export interface TimelineEntry {
  at: string;
  until?: string;
  event: string;
  text: string;
  [field: string]: unknown;
}

export interface Timeline {
  session: { id: string; status: string; tokens?: unknown };
  entries: TimelineEntry[];
  omitted: number;
}

export async function timelineOf(client: Client, id: string): Promise<Timeline> {
  const reply = await client.send<Timeline>('GET', `/v1/sessions/${id}/timeline`);
  expect(reply.status).toBe(200);
  return reply.body;
}

/** Waits until the timeline of a session has a sentence for each of these, in this order. */
export async function expectTimeline(client: Client, id: string, ...sentences: (RegExp | string)[]): Promise<void> {
  await eventually(async () => {
    const { entries } = await timelineOf(client, id);
    const rest = [...sentences];
    for (const { text } of entries) {
      const [next] = rest;
      if (next !== undefined && (typeof next === 'string' ? text.includes(next) : next.test(text))) rest.shift();
    }
    expect({ missing: rest.map(String), timeline: rest.length === 0 ? [] : entries.map(({ text }) => text) }).toEqual({
      missing: [],
      timeline: [],
    });
  });
}
