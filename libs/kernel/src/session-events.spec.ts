import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newSessionId } from './ids.js';
import {
  decodeSessionEvents,
  encodeSessionEvents,
  seatsEventId,
  SESSION_EVENTS_CHANNEL,
  sortSessionEvents,
} from './session-events.js';

const ids = fc.array(fc.stringMatching(/^ses_[0-9A-Za-z]{22,60}$/), { maxLength: 600 });

describe('session event payloads', () => {
  it('contain every id exactly once and in order', () => {
    fc.assert(
      fc.property(ids, (given) => {
        expect(encodeSessionEvents(given).flatMap(decodeSessionEvents)).toEqual(given);
      }),
    );
  });

  it('stay below the 8000 bytes that Postgres allows', () => {
    fc.assert(
      fc.property(ids, (given) => {
        for (const payload of encodeSessionEvents(given)) expect(Buffer.byteLength(payload)).toBeLessThan(8000);
      }),
    );
  });

  it('are few: four for a thousand ids', () => {
    const payloads = encodeSessionEvents(Array.from({ length: 1000 }, newSessionId));
    expect(payloads).toHaveLength(4);
    expect(Math.max(...payloads.map((payload) => payload.length))).toBeLessThan(8000);
  });

  it('are none for no ids, and an empty one contains no id', () => {
    expect(encodeSessionEvents([])).toEqual([]);
    expect(decodeSessionEvents('')).toEqual([]);
  });

  it('tell changes of seats from changes of sessions', () => {
    const [one, two] = [newSessionId(), newSessionId()];
    const [payload = ''] = encodeSessionEvents([one, seatsEventId(two), seatsEventId(one)]);
    expect(sortSessionEvents(decodeSessionEvents(payload))).toEqual({ sessions: [one], seats: [two, one] });
    expect(sortSessionEvents([])).toEqual({ sessions: [], seats: [] });
  });

  it('use a channel whose name needs no quotes', () => {
    expect(SESSION_EVENTS_CHANNEL).toMatch(/^[a-z_]+$/);
  });
});
