import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { VERSION } from './version.js';

describe('the version', () => {
  it('is that of package.json', () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as unknown;
    expect(manifest).toMatchObject({ version: VERSION });
  });
});
