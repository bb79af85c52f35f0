import type { DeliveryPlace } from '@app/entities';
import { DELIVERY_ID, DELIVERY_STATUSES } from '@app/kernel';
import { z } from 'zod';
import { isCursorTimestamp } from '../http/cursor-timestamp.js';
import { keysetCursor } from '../http/keyset-cursor.js';
import { pageLimit } from '../http/page-limit.js';

/** Pages are sorted by creation and id. */
export const deliveryCursor = keysetCursor<DeliveryPlace>(
  z.strictObject({ createdAt: z.string().refine(isCursorTimestamp), id: z.string().regex(DELIVERY_ID) }),
);

/** The query of `GET /v1/webhooks/{webhookId}/deliveries`. */
export const listDeliveriesQuery = z.strictObject({
  status: z.enum(DELIVERY_STATUSES, { error: `must be one of ${DELIVERY_STATUSES.join(', ')}` }).optional(),
  limit: pageLimit,
  cursor: deliveryCursor.parameter.optional(),
});

export type ListDeliveriesQuery = z.output<typeof listDeliveriesQuery>;
