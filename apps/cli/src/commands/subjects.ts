import { keysNamespaces, processEnvironment, readSettings } from '@app/config';
import { SubjectsRepository } from '@app/entities';
import { type Command, InvalidArgumentError } from 'commander';
import { withApp } from '../with-app.js';

/** Erases personal data on request (right to erasure). */
export function addSubjects(program: Command): void {
  const subjects = program
    .command('subjects')
    .description('manage users of the identity provider and holders of tickets');
  subjects
    .command('erase')
    .description(
      'remove a person from sessions, idempotency keys, seats and the audit trail, whose counts are kept, and delete their chat tokens',
    )
    .argument(
      '<subject>',
      'sub claim of the user, or subject of the tickets; put -- before it if it starts with a dash',
      text,
    )
    .option(
      '--issuer <url>',
      'issuer of the subject, or id of the API key that issued the tickets (default: any)',
      text,
    )
    .action(erase);
}

/** The output does not contain the subject, since it may be stored. */
async function erase(subject: string, { issuer }: { issuer?: string }) {
  const settings = readSettings(keysNamespaces, processEnvironment());
  const { sessions, chatTokens, idempotencyKeys, seats, auditEntries } = await withApp(settings, [], (app) =>
    app.get(SubjectsRepository).erase(subject, issuer ?? null),
  );
  process.stdout.write(
    `Erased from ${String(sessions)} sessions, ${String(idempotencyKeys)} idempotency keys, ${String(seats)} seats and ` +
      `${String(auditEntries)} entries of the audit trail. Chat tokens deleted: ${String(chatTokens)}.\n`,
  );
}

function text(given: string): string {
  if (given !== '') return given;
  throw new InvalidArgumentError('must not be empty');
}
