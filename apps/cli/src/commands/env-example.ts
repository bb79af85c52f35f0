import { envExample, gatewayTopics, sandboxTopics, workerTopics } from '@app/config';
import type { Command } from 'commander';

export function addEnvExample(program: Command): void {
  program
    .command('env-example')
    .description('prints .env.example')
    .action(() => {
      const apps = { gateway: gatewayTopics, worker: workerTopics, 'cas-sandbox': sandboxTopics };
      process.stdout.write(envExample(apps));
    });
}
