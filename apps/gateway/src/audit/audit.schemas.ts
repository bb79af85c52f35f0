import { AUDIT_ACTIONS } from '@app/kernel';
import { z } from 'zod';

export const auditItem = z
  .strictObject({
    at: z.iso
      .datetime()
      .meta({ description: 'For changes the exact time; for counted actions the start of the minute.' }),
    actor: z.string().meta({
      description:
        'The actor: `key:<id>`, `user:<issuer>#<subject>`, `ticket:<key id>#<subject>`, `room-api` (the drop-in rooms), ' +
        '`cli`, `console` (of a development machine), or `user:erased`.',
    }),
    action: z.enum(AUDIT_ACTIONS).meta({
      description:
        '`create`, `close` and `retry` (also by opening the room of a failed session) changed the session, ' +
        '`change-pool` the plan of the warm pool, `change-webhook` ' +
        'an endpoint of webhooks, `replay-webhook` sent deliveries again; `read-tokens` is a reply with tokens, `issue-ticket` one with a ticket; ' +
        '`denied:…` is a reply with that problem code.',
    }),
    session: z.string().nullable().meta({
      description:
        'The TokenID, or `cht_…` for a chat token, `whe_…` for a webhook, `msg_…` for a delivery; null if none was involved.',
    }),
    count: z.int().min(1).meta({
      description: 'Occurrences in this minute; 1 for a change, the number of deliveries if several were sent again.',
    }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why an operator made this change, as they said in the console; else null.' }),
  })
  .meta({ id: 'AuditItem' });

export const auditPage = z
  .strictObject({
    items: z.array(auditItem),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'Pass as `cursor` to fetch the next page; null on the last page.' }),
  })
  .meta({ id: 'AuditPage' });

export type AuditPage = z.output<typeof auditPage>;
