import { type DeliveryRecord, WebhookEndpointsRepository, WebhookLogRepository } from '@app/entities';
import { DELIVERY_ID, DELIVERY_STATUSES, type DeliveryStatus, printable, StartupError } from '@app/kernel';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { OPERATOR } from '../operator.js';
import { known, validId, withWebhooks } from '../with-webhooks.js';

const DEFAULT_LIMIT = 50;
/** More than one page of a request. */
const MOST = 1000;

/** What was sent to a webhook, and what is to be sent again. */
export function addWebhookDeliveries(webhooks: Command): void {
  webhooks
    .command('deliveries')
    .description('list the deliveries of a webhook with every attempt, newest first')
    .argument('<id>')
    .addOption(new Option('--status <status>', 'only deliveries with this status').choices(DELIVERY_STATUSES))
    .option('--limit <n>', 'maximum number of deliveries', limit, DEFAULT_LIMIT)
    .option('--json', 'print a JSON array')
    .action(list);
  webhooks
    .command('replay')
    .description('send deliveries again, with the same webhook-id')
    .argument('<id>')
    .argument('[delivery]', 'one delivery')
    .addOption(new Option('--since <time>', 'those that failed since this time').argParser(time))
    .option('--all', 'with --since: those that were delivered too')
    .action(replay);
}

async function list(id: string, options: { status?: DeliveryStatus; limit: number; json?: true }) {
  const { deliveries } = await withWebhooks(async (app) => {
    known(id, await app.get(WebhookEndpointsRepository).find(validId(id)));
    return app.get(WebhookLogRepository).list({ endpointId: id, status: options.status, limit: options.limit });
  });
  if (options.json) process.stdout.write(`${JSON.stringify(deliveries, null, 2)}\n`);
  else process.stdout.write(deliveries.length === 0 ? 'No deliveries found.\n' : deliveries.map(asText).join(''));
}

async function replay(
  id: string,
  delivery: string | undefined,
  options: { since?: Date; all?: true },
  command: Command,
) {
  const { since, all } = options;
  if ((delivery === undefined) === (since === undefined))
    command.error('error: either a delivery or --since <time> is required');
  await withWebhooks(async (app) => {
    const webhook = known(id, await app.get(WebhookEndpointsRepository).find(validId(id)));
    if (webhook.disabledReason !== null) throw new StartupError(`Webhook ${id} is disabled: enable it first`);
    const log = app.get(WebhookLogRepository);
    if (delivery !== undefined) {
      const found = DELIVERY_ID.test(delivery) && (await log.replay(id, delivery, { actor: OPERATOR }));
      if (!found) throw new StartupError('Delivery not found');
      process.stdout.write('1 delivery is sent again.\n');
      return;
    }
    let replayed = 0;
    for (let from: Date | null = since ?? null; from !== null;) {
      const page = await log.replaySince(id, from, all === true ? 'all' : 'failed', { actor: OPERATOR });
      replayed += page.replayed;
      from = page.nextSince;
    }
    process.stdout.write(`${String(replayed)} deliveries are sent again.\n`);
  });
}

function asText({ id, type, sessionId, status, createdAt, nextAttemptAt, attempts }: DeliveryRecord): string {
  const next = nextAttemptAt === null ? '' : `, next attempt ${nextAttemptAt.toISOString()}`;
  const lines = attempts.map(({ at, durationMs, status: code, error, reply }) => {
    const answer = code === null ? (error ?? '') : `${String(code)} ${reply ?? ''}`;
    return `  ${at.toISOString()}  ${String(durationMs)} ms  ${printable(answer)}\n`;
  });
  return [`${createdAt.toISOString()}  ${id}  ${type}  ${sessionId ?? '-'}  ${status}${next}\n`, ...lines].join('');
}

function limit(text: string): number {
  const n = Number(text);
  if (/^\d{1,4}$/.test(text) && n >= 1 && n <= MOST) return n;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${String(MOST)}`);
}

function time(text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('must be a time such as 2026-11-25T20:00:00Z');
}
