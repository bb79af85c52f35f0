import { describe, expect, it } from '@jest/globals';
import { TroubleLog } from './trouble-log.js';
import type { Trouble } from './trouble.js';

const S = 1000;
const CAS: Trouble = {
  key: 'cas',
  level: 'bad',
  what: 'CAS answers 503',
  past: 'CAS answered 503',
  doing: '',
  since: null,
};

describe('the log of troubles', () => {
  it('says since when something is wrong: when it began if that is known, else when it was first seen', () => {
    const log = new TroubleLog();
    log.update([CAS, { ...CAS, key: 'other', since: 40 * S }], 100 * S);
    log.update([CAS], 105 * S);
    expect(log.now).toMatchObject([{ key: 'cas', since: 100 * S }]);
    expect(log.past).toMatchObject([{ key: 'other', since: 40 * S, until: 105 * S }]);
  });

  it('takes what is back within half a minute for the same trouble', () => {
    const log = new TroubleLog();
    log.update([CAS], 100 * S);
    log.update([], 105 * S);
    log.update([CAS], 120 * S);
    expect(log.now).toMatchObject([{ since: 100 * S }]);
    expect(log.past).toEqual([]);
    log.update([], 125 * S);
    log.update([CAS], 200 * S);
    expect(log.now).toMatchObject([{ since: 200 * S }]);
    expect(log.past).toMatchObject([{ since: 100 * S, until: 125 * S }]);
  });

  it('prefers the times of the workers to its own, and the last of them', () => {
    const log = new TroubleLog();
    log.update([{ ...CAS, since: 95 * S }], 100 * S);
    const past = { key: 'cas', level: 'bad', past: 'CAS answered 503' } as const;
    log.record({ ...past, since: 95 * S, until: 157 * S }, { exact: true });
    log.record({ ...past, since: 130 * S, until: 159 * S }, { exact: true });
    log.update([], 165 * S);
    expect(log.past).toMatchObject([{ since: 95 * S, until: 159 * S }]);
  });

  it('names what followed a worse trouble after that one', () => {
    const log = new TroubleLog();
    const slow: Trouble = { ...CAS, key: 'backlog', level: 'warn', past: 'Sessions waited' };
    expect(log.last).toBeNull();
    log.update([CAS], 100 * S);
    log.update([slow], 160 * S);
    log.update([], 170 * S);
    expect(log.past.map(({ key }) => key)).toEqual(['backlog', 'cas']);
    expect(log.last).toMatchObject({ key: 'cas' });
    log.update([slow], 400 * S);
    log.update([], 420 * S);
    expect(log.last).toMatchObject({ key: 'backlog', since: 400 * S });
  });

  it('has the worst first, and keeps no notes of what is over', () => {
    const log = new TroubleLog();
    const note: Trouble = { ...CAS, key: 'versions', level: 'note' };
    log.update([note, { ...CAS, key: 'slow', level: 'warn' }, CAS], 1 * S);
    expect(log.now.map(({ key }) => key)).toEqual(['cas', 'slow', 'versions']);
    log.update([], 2 * S);
    expect(log.past.map(({ key }) => key).sort()).toEqual(['cas', 'slow']);
  });
});
