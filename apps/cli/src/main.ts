import { gatewayTopics, envExample, processEnvironment, sandboxTopics, workerTopics } from '@app/config';
import { runMain } from '@app/observability';
import { migrate } from './commands/migrate.js';

const USAGE = `Usage: cli <command>

  migrate       brings both schemas (this product's and the queue's) up to date
  env-example   prints .env.example
`;

/** The operator's commands. */
async function main(): Promise<void> {
  const [command] = process.argv.slice(2);
  switch (command) {
    case 'migrate':
      await migrate(processEnvironment());
      return;
    case 'env-example':
      process.stdout.write(envExample({ gateway: gatewayTopics, worker: workerTopics, 'cas-sandbox': sandboxTopics }));
      return;
    default:
      process.stderr.write(USAGE);
      process.exitCode = 2;
  }
}

runMain(main);
