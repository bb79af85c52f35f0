import { envExample, gatewayNamespaces, roomsNamespaces, sandboxNamespaces, workerNamespaces } from '@app/config';
import type { Command } from 'commander';

export function addEnvExample(program: Command): void {
  program
    .command('env-example')
    .description('print .env.example')
    .action(() => {
      const apps = {
        gateway: gatewayNamespaces,
        worker: workerNamespaces,
        'cas-sandbox': sandboxNamespaces,
        cli: roomsNamespaces,
      };
      process.stdout.write(envExample(apps));
    });
}
