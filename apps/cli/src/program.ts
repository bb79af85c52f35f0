import { Command } from 'commander';
import { addDoctor } from './commands/doctor.js';
import { addEnvExample } from './commands/env-example.js';
import { addKeys } from './commands/keys.js';
import { addMigrate } from './commands/migrate.js';
import { addPool } from './commands/pool.js';
import { addPacing } from './commands/pacing.js';
import { addQueue } from './commands/queue.js';
import { addRedrive } from './commands/redrive.js';
import { addReseal } from './commands/reseal.js';
import { addRooms } from './commands/rooms.js';
import { addSessions } from './commands/sessions.js';
import { addSubjects } from './commands/subjects.js';
import { addSupportBundle } from './commands/support-bundle.js';
import { addWebhooks } from './commands/webhooks.js';

const MISUSED = 2;

/**
 * The operator commands. Each file adds its command to the program.
 *
 * @param exit called with 0 after help, and with 2 when the command line is wrong; must not return
 */
export function createProgram(exit: (code: number) => never): Command {
  const program = new Command('cli').description('Operator commands of watchtogether-auth-server');
  program.showHelpAfterError('(run with --help for usage)');
  program.exitOverride(({ exitCode }) => exit(exitCode === 0 ? 0 : MISUSED));
  addMigrate(program);
  addKeys(program);
  addSessions(program);
  addRooms(program);
  addRedrive(program);
  addPool(program);
  addQueue(program);
  addPacing(program);
  addReseal(program);
  addDoctor(program);
  addSupportBundle(program);
  addSubjects(program);
  addWebhooks(program);
  addEnvExample(program);
  return program;
}
