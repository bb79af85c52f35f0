import { processEnvironment, readSettings, webhooksNamespaces } from '@app/config';
import { StartupError, WEBHOOK_ID } from '@app/kernel';
import { SealingModule } from '@app/sealing';
import type { INestApplicationContext } from '@nestjs/common';
import { withApp } from './with-app.js';

/** Like `withApp`, with the key ring. */
export function withWebhooks<T>(work: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  return withApp(readSettings(webhooksNamespaces, processEnvironment()), [SealingModule], work);
}

/** If a secret is passed instead of an id, it must not be printed. */
export function validId(id: string): string {
  if (WEBHOOK_ID.test(id)) return id;
  throw new StartupError('Invalid webhook id: expected whe_ followed by letters and digits');
}

export function known<T>(id: string, found: T | null): T {
  if (found === null) throw new StartupError(`Webhook ${id} not found`);
  return found;
}
