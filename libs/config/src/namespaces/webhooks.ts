import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { defineNamespace } from './namespace.js';

const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

const allowed = z.string().transform((value, context): string[] => {
  const entries = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  if (entries.every((entry) => isIP(entry) !== 0 || ipaddr.isValidCIDR(entry) || isHost(entry))) return entries;
  context.addIssue('must be a comma-separated list of networks (10.0.0.0/8), addresses and host names');
  return z.NEVER;
});

/** Digits and dots alone are a mistyped address. */
function isHost(entry: string): boolean {
  return HOST.test(entry) && !/^[\d.]+$/.test(entry);
}

/** Where webhooks may go: read by the gateway, which checks URLs, and by the worker, which connects. */
export const webhooks = defineNamespace({
  title: 'Webhooks',
  variables: {
    WEBHOOK_ALLOW: {
      schema: allowed,
      description:
        'Receivers of webhooks that may have a private address, and plain http: networks (10.0.0.0/8), addresses and host names, comma-separated. All others need https and public addresses.',
      default: '',
    },
  },
  settings: (values) => ({ allow: values.WEBHOOK_ALLOW }),
});
