import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { StoreOutageLog } from './store-outage-log.js';

const failure = (code: string) => Object.assign(new Error('hush'), { code });

describe('the log of outages of a store', () => {
  const lines: string[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    lines.length = 0;
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => {
      lines.push(String(line));
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const newLog = (quietMs?: number) =>
    new StoreOutageLog({
      log: new Logger('test'),
      store: 'database',
      place: () => 'PostgreSQL at db:5432',
      meanwhile: 'requests wait',
      ...(quietMs !== undefined && { quietMs }),
    });

  it('has each cause once per outage, and the end of the outage', () => {
    const log = newLog();
    for (let n = 0; n < 3; n++) log.failed(failure('ECONNREFUSED'));
    log.failed(failure('25006'));
    log.recovered();
    log.recovered();
    log.failed(failure('ECONNREFUSED'));
    expect(lines).toEqual([
      expect.stringMatching(/^database unavailable: PostgreSQL at db:5432: connection refused .*; requests wait$/),
      expect.stringContaining('read-only'),
      'database available again: PostgreSQL at db:5432',
      expect.stringContaining('connection refused'),
    ]);
  });

  it('says nothing of a timeout that follows from a cause that is known', () => {
    const log = newLog();
    log.failed(failure('28P01'));
    log.failed(failure('ETIMEDOUT'));
    expect(lines).toHaveLength(1);
  });

  it('ends an outage only after a quiet time if some statements succeed and others fail', () => {
    const log = newLog(5000);
    for (let n = 0; n < 10; n++) {
      log.failed(failure('42501'));
      log.recovered();
      jest.advanceTimersByTime(1000);
    }
    expect(lines).toHaveLength(1);
    jest.advanceTimersByTime(5000);
    log.recovered();
    expect(lines).toHaveLength(2);
  });
});
