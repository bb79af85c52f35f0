import { describe, expect, it } from '@jest/globals';
import { Progress } from './progress.js';

function shown(isTTY: boolean, work: (progress: Progress) => void): string {
  let text = '';
  work(new Progress('tokens', 300, { isTTY, write: (more) => (text += more) }));
  return text;
}

describe('progress', () => {
  it('is one line in a terminal, overwritten', () => {
    const text = shown(true, (progress) => {
      progress.at(100);
      progress.at(300);
      progress.end();
    });
    expect(text).toBe('\r\x1B[K100 of 300 tokens\r\x1B[K300 of 300 tokens\n');
  });

  it('is an occasional line in a file, always including the last', () => {
    const text = shown(false, (progress) => {
      for (let done = 0; done <= 300; done++) progress.at(done);
      progress.end();
    });
    expect(text).toBe('0 of 300 tokens\n300 of 300 tokens\n');
  });

  it('never exceeds the total', () => {
    expect(
      shown(false, (progress) => {
        progress.at(301);
      }),
    ).toBe('301 of 301 tokens\n');
  });
});
