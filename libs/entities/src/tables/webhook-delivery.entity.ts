import type { DeliveryStatus, WebhookType } from '@app/kernel';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * An event for one endpoint: written in the transaction that changes the session, and then the record of its delivery.
 * It outlives the session, and its endpoint until it is old enough.
 */
@Entity('webhook_deliveries')
@Check('webhook_deliveries_status_known', `status IN ('pending', 'delivered', 'failed')`)
@Index('webhook_deliveries_due', ['endpointId', 'dueAt'], { where: `status = 'pending'` })
@Index('webhook_deliveries_newest', ['endpointId', 'createdAt', 'id'])
@Index('webhook_deliveries_by_status', ['endpointId', 'status', 'createdAt', 'id'])
@Index('webhook_deliveries_age', ['createdAt'])
@Index('webhook_deliveries_by_session', ['sessionId', 'createdAt'], { where: 'session_id IS NOT NULL' })
export class WebhookDeliveryEntity {
  /** The `webhook-id` of all attempts. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'webhook_deliveries_pkey' })
  id!: string;

  @Column({ name: 'endpoint_id', type: 'text' })
  endpointId!: string;

  @Column({ type: 'text' })
  type!: WebhookType;

  /** Null for a ping. */
  @Column({ name: 'session_id', type: 'text', nullable: true })
  sessionId!: string | null;

  /** The body of the request. `json` keeps the order of its fields. */
  @Column({ type: 'json' })
  payload!: object;

  @Column({ type: 'text', default: 'pending' })
  status!: DeliveryStatus;

  /** All attempts so far. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** Attempts since the event or its last replay: the position in the schedule. */
  @Column({ type: 'integer', default: 0 })
  step!: number;

  /** When the next attempt is due. While one is under way: when it counts as lost. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
