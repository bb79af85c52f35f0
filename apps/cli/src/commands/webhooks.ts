import { processEnvironment, readSettings, webhooksNamespaces } from '@app/config';
import { AddressPolicy } from '@app/egress';
import { WebhookEndpointsRepository, WebhookLogRepository, type WebhookRecord } from '@app/entities';
import {
  isWebhookType,
  newWebhookId,
  newWebhookSecret,
  roomPrefixFault,
  StartupError,
  WEBHOOK_TYPES,
  webhookDescriptionFault,
  type WebhookType,
  webhookUrlFault,
} from '@app/kernel';
import { Sealing } from '@app/sealing';
import { type Command, InvalidArgumentError } from 'commander';
import { OPERATOR } from '../operator.js';
import { table } from '../table.js';
import { known, validId, withWebhooks } from '../with-webhooks.js';
import { addWebhookDeliveries } from './webhook-deliveries.js';

interface Options {
  url?: string;
  types?: WebhookType[];
  roomPrefix?: string;
  description?: string;
  metadata?: boolean;
  json?: true;
}

/** Receivers of webhooks. A secret is printed once, where it is created. */
export function addWebhooks(program: Command): void {
  const webhooks = program.command('webhooks').description('manage the receivers of webhooks and what is sent to them');
  const settings = (command: Command): Command =>
    command
      .option('--room-prefix <prefix>', 'only sessions of rooms that begin with this; empty for all', roomPrefix)
      .option('--description <text>', 'purpose of the webhook', description)
      .option('--metadata', 'send the metadata of sessions')
      .option('--json', 'print a JSON object');
  settings(
    webhooks
      .command('create')
      .description('create a webhook and print its secret once, on a line of its own')
      .requiredOption('--url <url>', 'https URL of the receiver')
      .requiredOption('--types <types>', `comma-separated: ${WEBHOOK_TYPES.join(', ')}`, types),
  ).action(create);
  webhooks
    .command('list')
    .description('list all webhooks, without their secrets')
    .option('--json', 'print a JSON array')
    .action(list);
  settings(
    webhooks
      .command('update')
      .description('change a webhook; what is not given stays as it is')
      .argument('<id>')
      .option('--url <url>', 'https URL of the receiver')
      .option('--types <types>', `comma-separated: ${WEBHOOK_TYPES.join(', ')}`, types)
      .option('--no-metadata', 'do not send the metadata of sessions'),
  ).action(update);
  for (const [name, text, enabled] of [
    ['enable', 'send events again; what is pending is resumed', true],
    ['disable', 'send nothing; events of this time are not recorded', false],
  ] as const) {
    webhooks
      .command(name)
      .description(text)
      .argument('<id>')
      .action((id: string) => change(id, { enabled }));
  }
  webhooks
    .command('delete')
    .description('delete a webhook; nothing more is sent to it')
    .argument('<id>')
    .action(remove);
  webhooks
    .command('rotate-secret')
    .description('replace the secret and print the new one; the previous one signs too for 24 hours')
    .argument('<id>')
    .option('--force', 'even if it was replaced within 24 hours')
    .option('--json', 'print a JSON object')
    .action(rotateSecret);
  webhooks.command('ping').description('send an event of the type webhook.ping').argument('<id>').action(ping);
  addWebhookDeliveries(webhooks);
}

async function create({ json, metadata = false, ...given }: Options & { url: string; types: WebhookType[] }) {
  const id = newWebhookId();
  const secret = newWebhookSecret();
  const settings = {
    roomPrefix: null,
    description: null,
    ...settingsOf(given),
    includeMetadata: metadata,
    enabled: true,
  };
  await withWebhooks(async (app) => {
    const sealed = app.get(Sealing).seal(secret, { webhookId: id });
    const created = await app
      .get(WebhookEndpointsRepository)
      .create(id, { ...settings, url: permitted(given.url), types: given.types }, sealed, OPERATOR);
    if (created === null) throw new StartupError('There are as many webhooks as there can be: delete one first');
  });
  show(id, secret, json, `Created webhook ${id}. Its secret is shown only once:`);
}

async function list({ json }: { json?: true }) {
  const listed = await withWebhooks((app) => app.get(WebhookEndpointsRepository).list());
  if (json) process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`);
  else process.stdout.write(listed.length === 0 ? 'No webhooks found.\n' : table(HEADINGS, listed.map(rowOf)));
}

async function update(id: string, { json: _, metadata, ...given }: Options) {
  await change(id, { ...settingsOf(given), ...(metadata !== undefined && { includeMetadata: metadata }) });
}

async function change(id: string, changes: Parameters<WebhookEndpointsRepository['update']>[1]) {
  await withWebhooks(async (app) => {
    const { url } = changes;
    const checked = { ...changes, ...(url !== undefined && { url: permitted(url) }) };
    const webhook = await app.get(WebhookEndpointsRepository).update(validId(id), checked, OPERATOR);
    process.stdout.write(`Webhook ${id} is ${stateOf(known(id, webhook))}.\n`);
  });
}

async function remove(id: string) {
  await withWebhooks(async (app) => {
    const deleted = await app.get(WebhookEndpointsRepository).delete(validId(id), OPERATOR);
    if (!deleted) throw new StartupError(`Webhook ${id} not found`);
    process.stdout.write(`Webhook ${id} deleted.\n`);
  });
}

async function rotateSecret(id: string, { force = false, json }: { force?: boolean; json?: true }) {
  const secret = newWebhookSecret();
  await withWebhooks(async (app) => {
    const sealed = app.get(Sealing).seal(secret, { webhookId: validId(id) });
    const options = { force, actor: OPERATOR };
    const { rotated } = known(id, await app.get(WebhookEndpointsRepository).rotateSecret(id, sealed, options));
    if (!rotated) throw new StartupError('Its secret was replaced within 24 hours: use --force to replace it again');
  });
  show(id, secret, json, `New secret of webhook ${id}, shown only once; the previous one signs too for 24 hours:`);
}

async function ping(id: string) {
  await withWebhooks(async (app) => {
    const webhook = known(id, await app.get(WebhookEndpointsRepository).find(validId(id)));
    if (webhook.disabledReason !== null) throw new StartupError(`Webhook ${id} is disabled: enable it first`);
    process.stdout.write(`Sent as ${await app.get(WebhookLogRepository).ping(id)}.\n`);
  });
}

function permitted(text: string): string {
  const faultOfForm = webhookUrlFault(text);
  if (faultOfForm !== null) throw new StartupError(`--url ${faultOfForm}`);
  const url = new URL(text);
  const { webhooks } = readSettings(webhooksNamespaces, processEnvironment());
  const fault = new AddressPolicy(webhooks.allow).faultOf(url);
  if (fault !== null) throw new StartupError(`--url ${fault}, unless WEBHOOK_ALLOW names its host`);
  return url.href;
}

function settingsOf({ url, types: named, roomPrefix, description: text }: Options) {
  return {
    ...(url !== undefined && { url }),
    ...(named !== undefined && { types: named }),
    ...(roomPrefix !== undefined && { roomPrefix: roomPrefix === '' ? null : roomPrefix.normalize('NFC') }),
    ...(text !== undefined && { description: text === '' ? null : text }),
  };
}

/** Only the secret is written to stdout, so that it can be piped into a secret store. */
function show(id: string, secret: string, json: true | undefined, message: string): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ id, secret })}\n`);
    return;
  }
  process.stderr.write(`${message}\n`);
  process.stdout.write(`${secret}\n`);
}

const HEADINGS = ['id', 'url', 'types', 'rooms', 'state', 'description'];

function rowOf(webhook: WebhookRecord): string[] {
  const { id, url, types: named, roomPrefix, description: text } = webhook;
  return [id, url, named.join(), roomPrefix === null ? 'all' : `${roomPrefix}…`, stateOf(webhook), text ?? '-'];
}

function stateOf({ disabledReason, failingSince }: WebhookRecord): string {
  if (disabledReason !== null) return `disabled (${disabledReason})`;
  return failingSince === null ? 'enabled' : `enabled, failing since ${failingSince.toISOString().slice(0, 16)}Z`;
}

function types(text: string): WebhookType[] {
  const names = [...new Set(text.split(',').map((part) => part.trim()))];
  if (names.every(isWebhookType)) return names;
  throw new InvalidArgumentError(`must be a comma-separated list of ${WEBHOOK_TYPES.join(', ')}`);
}

function roomPrefix(text: string): string {
  const fault = text === '' ? null : roomPrefixFault(text);
  if (fault === null) return text;
  throw new InvalidArgumentError(fault);
}

function description(text: string): string {
  const fault = webhookDescriptionFault(text);
  if (fault === null) return text;
  throw new InvalidArgumentError(fault);
}
