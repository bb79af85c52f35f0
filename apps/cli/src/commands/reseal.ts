import { processEnvironment, readSettings, resealNamespaces } from '@app/config';
import { type KeyUse, ResealingRepository, type StoredToken, type TokenPlace } from '@app/entities';
import { SealBroken, Sealing, SealingModule, UnknownSealingKeyError } from '@app/sealing';
import type { Command } from 'commander';
import { Progress } from '../progress.js';
import { withApp } from '../with-app.js';

const BATCH = 200;
/** The second pass takes what somebody else held during the first. */
const PASSES = 2;

export function addReseal(program: Command): void {
  program
    .command('reseal')
    .description('seals every token again that is not sealed with the first key of the ring; the service may run on')
    .action(reseal);
}

interface Resealing {
  resealed: number;
  /** Tokens that no key of the ring opens, though one of them has that id. */
  broken: TokenPlace[];
  /** What other keys than the first still seal. */
  left: KeyUse[];
}

async function reseal(): Promise<void> {
  const settings = readSettings(resealNamespaces, processEnvironment());
  await withApp(settings, [SealingModule], async (app) => {
    const ring = app.get(Sealing);
    const done = await resealAll(app.get(ResealingRepository), ring);
    process.stdout.write(report(done, ring));
    if (done.left.length > 0) process.exitCode = 1;
  });
}

/** Safe to interrupt, to repeat, and to run twice at once: each batch stands by itself, and only replaces what it read. */
async function resealAll(repository: ResealingRepository, ring: Sealing): Promise<Resealing> {
  const { sealingKeyId } = ring;
  const others = ring.keyIds.filter((id) => id !== sealingKeyId);
  const left = async () => (await repository.keysInUse()).filter(({ keyId }) => keyId !== sealingKeyId);
  const toDo = async () => count((await left()).filter(({ keyId }) => others.includes(keyId)));

  let resealed = 0;
  let broken: TokenPlace[] = [];
  const total = await toDo();
  const progress = new Progress('tokens', total);
  for (let pass = 1, seen = 0; pass <= PASSES && (await toDo()) > broken.length; pass++) {
    broken = [];
    let batch: StoredToken[];
    let after: TokenPlace | null = null;
    do {
      progress.at(seen);
      batch = await repository.sealedBy(others, after, BATCH);
      const opened = batch.flatMap((token) => sealAgain(token, ring) ?? []);
      const closed = batch.filter((token) => !opened.some((other) => other.sealed === token.sealed));
      broken.push(...closed);
      resealed += await repository.replace(sealingKeyId, opened);
      seen += batch.length;
      after = batch.at(-1) ?? null;
    } while (batch.length === BATCH);
    // Beside a second one, or while sessions are closed, more is done than was seen here.
    progress.at(Math.max(0, total - (await toDo())));
  }
  progress.end();
  return { resealed, broken, left: await left() };
}

/** Null when it does not open. */
function sealAgain(token: StoredToken, ring: Sealing): (StoredToken & { resealed: string }) | null {
  try {
    return { ...token, resealed: ring.seal(ring.open(token.sealed, token), token).sealed };
  } catch (error) {
    if (error instanceof SealBroken || error instanceof UnknownSealingKeyError) return null;
    throw error;
  }
}

function report({ resealed, broken, left }: Resealing, { sealingKeyId, keyIds }: Sealing): string {
  const lines = [`${tokens(resealed)} sealed again, with ${sealingKeyId}.`];
  for (const { keyId, tokens: n } of left.filter((use) => !keyIds.includes(use.keyId))) {
    lines.push(
      `${tokens(n)} left as they are: their key ${keyId} is not in the ring. Put it back, last, and run this again.`,
    );
  }
  const openable = count(left.filter((use) => keyIds.includes(use.keyId))) - broken.length;
  if (broken.length > 0) {
    const [first] = broken;
    lines.push(
      `${tokens(broken.length)} left as they are: they do not open. They were changed, or their key id names another key now. The first is of ${String(first?.sessionId)}.`,
    );
  }
  if (openable > 0) {
    lines.push(
      `${tokens(openable)} sealed with another key meanwhile: once every process has this ring, run this again.`,
    );
  }
  const idle = keyIds.filter((id) => id !== sealingKeyId);
  if (left.length === 0 && idle.length > 0) {
    lines.push(`Nothing is sealed with ${idle.join(', ')} any more: it may be taken out of the ring.`);
  }
  return `${lines.join('\n')}\n`;
}

function count(uses: readonly KeyUse[]): number {
  return uses.reduce((sum, { tokens: n }) => sum + n, 0);
}

function tokens(n: number): string {
  return n === 1 ? '1 token' : `${String(n)} tokens`;
}
