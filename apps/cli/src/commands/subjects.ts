import { keysNamespaces, processEnvironment, readSettings } from '@app/config';
import { SubjectsRepository } from '@app/entities';
import { type Command, InvalidArgumentError } from 'commander';
import { withApp } from '../with-app.js';

/** People have rights: whoever asks to be forgotten is. */
export function addSubjects(program: Command): void {
  const subjects = program.command('subjects').description('persons of the identity provider');
  subjects
    .command('erase')
    .description('removes a person from sessions, idempotency keys and the audit trail, and leaves counts')
    .argument('<subject>', 'the sub of their tokens, after -- if it begins with a dash', text)
    .option('--issuer <url>', 'only the subject of this issuer; without it of any', text)
    .action(erase);
}

/** What was erased is not repeated here: the output may be kept. */
async function erase(subject: string, { issuer }: { issuer?: string }) {
  const settings = readSettings(keysNamespaces, processEnvironment());
  const { sessions, idempotencyKeys, auditEntries } = await withApp(settings, [], (app) =>
    app.get(SubjectsRepository).erase(subject, issuer ?? null),
  );
  process.stdout.write(
    `Erased from ${String(sessions)} sessions, ${String(idempotencyKeys)} idempotency keys and ` +
      `${String(auditEntries)} entries of the audit trail.\n`,
  );
}

function text(given: string): string {
  if (given !== '') return given;
  throw new InvalidArgumentError('must not be empty');
}
