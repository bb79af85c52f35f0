import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MUTATIONS } from '../mutations.mjs';

const ROOT = join(import.meta.dirname, '../..');

describe('the mutations', () => {
  it.each(MUTATIONS)('find the code that they change: $name', ({ file, from, to, tests }) => {
    const places = readFileSync(join(ROOT, file), 'utf8').split(from).length - 1;
    expect({ places, changed: from !== to }).toEqual({ places: 1, changed: true });
    expect(tests.filter((test) => !existsSync(join(ROOT, test)))).toEqual([]);
  });
});
