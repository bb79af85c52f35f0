import { beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { BatchedOutput } from './batched-output.js';

describe('batched output', () => {
  let written: string[];
  let output: BatchedOutput;
  beforeEach(() => {
    const lines: string[] = [];
    written = lines;
    output = new BatchedOutput({ write: (text) => lines.push(text) });
  });

  it('writes the lines of one turn together, in their order', async () => {
    output.write('a\n');
    output.write('b\n');
    expect(written).toEqual([]);
    await setImmediate();
    output.write('c\n');
    await setImmediate();
    expect(written).toEqual(['a\nb\n', 'c\n']);
  });

  it('holds a bounded amount', () => {
    const line = 'x'.repeat(1000);
    for (let n = 0; n < 100; n++) output.write(line);
    expect(written).toHaveLength(1);
  });

  it('writes what it holds when asked to', async () => {
    output.write('last words\n');
    output.flushSync();
    expect(written).toEqual(['last words\n']);
    await setImmediate();
    expect(written).toHaveLength(1);
  });
});
