import { processEnvironment, readSettings, resealNamespaces } from '@app/config';
import {
  type KeyUse,
  ResealingRepository,
  type StoredSecret,
  type StoredSet,
  type StoredToken,
  type TokenPlace,
  WebhookSecretsRepository,
} from '@app/entities';
import { SealBrokenError, Sealing, SealingModule, UnknownSealingKeyError } from '@app/sealing';
import type { Command } from 'commander';
import { Progress } from '../progress.js';
import { withApp } from '../with-app.js';

const BATCH = 200;
/** The second pass covers rows that were locked during the first. */
const PASSES = 2;

export function addReseal(program: Command): void {
  program
    .command('reseal')
    .description('seal all tokens and webhook secrets with the first key of the ring; the service can keep running')
    .action(reseal);
}

interface Resealing {
  resealed: number;
  /** Tokens that cannot be opened although their key id is in the ring. */
  broken: TokenPlace[];
  /** Keys other than the first that still seal tokens. */
  left: KeyUse[];
}

async function reseal(): Promise<void> {
  const settings = readSettings(resealNamespaces, processEnvironment());
  await withApp(settings, [SealingModule], async (app) => {
    const ring = app.get(Sealing);
    const secrets = await resealSecrets(app.get(WebhookSecretsRepository), ring);
    const done = await resealAll(app.get(ResealingRepository), ring);
    process.stdout.write(report(done, ring, secrets));
    if (done.left.length > 0) process.exitCode = 1;
  });
}

interface ResealedSecrets {
  resealed: number;
  /** Endpoints with a secret that cannot be opened although its key id is in the ring. */
  broken: string[];
}

/** There are at most a hundred of them. */
async function resealSecrets(repository: WebhookSecretsRepository, ring: Sealing): Promise<ResealedSecrets> {
  const done: ResealedSecrets = { resealed: 0, broken: [] };
  for (const secret of await repository.sealedBy(ring.keyIds.filter((id) => id !== ring.sealingKeyId))) {
    const again = sealSecretAgain(secret, ring);
    if (again === null) done.broken.push(secret.webhookId);
    else if (await repository.replace(secret, again)) done.resealed++;
  }
  return done;
}

function sealSecretAgain({ webhookId, sealed }: StoredSecret, ring: Sealing): ReturnType<Sealing['seal']> | null {
  try {
    return ring.seal(ring.open(sealed, { webhookId }), { webhookId });
  } catch (error) {
    if (error instanceof SealBrokenError || error instanceof UnknownSealingKeyError) return null;
    throw error;
  }
}

/** Safe to interrupt, repeat and run concurrently: each batch commits separately and replaces only what it has read. */
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
    for await (const batch of batches(repository, others)) {
      progress.at(seen);
      const opened = batch.flatMap((token) => sealAgain(token, ring) ?? []);
      const closed = batch.filter((token) => !opened.some((other) => other.sealed === token.sealed));
      broken.push(...closed);
      resealed += await repository.replace(sealingKeyId, opened);
      seen += batch.length;
    }
    // What was taken meanwhile, sealed with another key, is a token of a session: the second pass finds it.
    for await (const batch of setBatches(repository, others)) {
      const opened = batch.flatMap((set) => sealSetAgain(set, ring) ?? []);
      for (const set of batch.filter(({ id }) => !opened.some((other) => other.id === id)))
        broken.push(...set.products.map((product) => ({ sessionId: set.id, product })));
      resealed += await repository.replaceSets(sealingKeyId, opened);
    }
    // A concurrent reseal, or sessions being closed, can complete more than this process has seen.
    progress.at(Math.max(0, total - (await toDo())));
  }
  progress.end();
  return { resealed, broken, left: await left() };
}

/** All tokens sealed with these keys, key by key. */
async function* batches(repository: ResealingRepository, keyIds: readonly string[]): AsyncGenerator<StoredToken[]> {
  for (const keyId of keyIds) {
    let batch: StoredToken[];
    let after: TokenPlace | null = null;
    do {
      batch = await repository.sealedBy(keyId, after, BATCH);
      yield batch;
      after = batch.at(-1) ?? null;
    } while (batch.length === BATCH);
  }
}

/** All sets of the warm pool sealed with these keys, key by key. */
async function* setBatches(repository: ResealingRepository, keyIds: readonly string[]): AsyncGenerator<StoredSet[]> {
  for (const keyId of keyIds) {
    let batch: StoredSet[];
    let after = '';
    do {
      batch = await repository.setsSealedBy(keyId, after, BATCH);
      yield batch;
      after = batch.at(-1)?.id ?? '';
    } while (batch.length === BATCH);
  }
}

/** Returns null if one of its tokens cannot be opened. */
function sealSetAgain(set: StoredSet, ring: Sealing): (StoredSet & { resealed: string[] }) | null {
  const { id: sessionId, products } = set;
  const resealed = set.sealed.map((sealed, n) => {
    const product = products[n];
    return product === undefined ? null : sealAgain({ sessionId, product, sealed }, ring);
  });
  return resealed.includes(null) ? null : { ...set, resealed: resealed.flatMap((one) => one?.resealed ?? []) };
}

/** Returns null if the token cannot be opened. */
function sealAgain(token: StoredToken, ring: Sealing): (StoredToken & { resealed: string }) | null {
  try {
    return { ...token, resealed: ring.seal(ring.open(token.sealed, token), token).sealed };
  } catch (error) {
    if (error instanceof SealBrokenError || error instanceof UnknownSealingKeyError) return null;
    throw error;
  }
}

function report(
  { resealed, broken, left }: Resealing,
  { sealingKeyId, keyIds }: Sealing,
  secrets: ResealedSecrets,
): string {
  const lines = [`${tokens(resealed)} resealed with key ${sealingKeyId}.`];
  if (secrets.resealed > 0) lines.push(`${webhookSecrets(secrets.resealed)} resealed with key ${sealingKeyId}.`);
  if (secrets.broken.length > 0) {
    lines.push(
      `${webhookSecrets(secrets.broken.length)} skipped: cannot be decrypted. Replace them: webhooks rotate-secret ${secrets.broken.join(', ')}.`,
    );
  }
  for (const { keyId, tokens: n } of left.filter((use) => !keyIds.includes(use.keyId))) {
    lines.push(
      `${tokens(n)} skipped: key ${keyId} is not in the ring. Add it back as the last key and run this again.`,
    );
  }
  const openable = count(left.filter((use) => keyIds.includes(use.keyId))) - broken.length - secrets.broken.length;
  if (broken.length > 0) {
    const [first] = broken;
    lines.push(
      `${tokens(broken.length)} skipped: cannot be decrypted. Either the stored token was modified or its key id now has another key. First affected session: ${String(first?.sessionId)}.`,
    );
  }
  if (openable > 0) {
    lines.push(
      `${tokens(openable)} sealed with another key in the meantime. Run this again once every process has this ring.`,
    );
  }
  const idle = keyIds.filter((id) => id !== sealingKeyId);
  if (left.length === 0 && idle.length > 0) {
    lines.push(`No tokens are sealed with ${idle.join(', ')}: safe to remove from the ring.`);
  }
  return `${lines.join('\n')}\n`;
}

function count(uses: readonly KeyUse[]): number {
  return uses.reduce((sum, { tokens: n }) => sum + n, 0);
}

function tokens(n: number): string {
  return n === 1 ? '1 token' : `${String(n)} tokens`;
}

function webhookSecrets(n: number): string {
  return n === 1 ? '1 webhook secret' : `${String(n)} webhook secrets`;
}
