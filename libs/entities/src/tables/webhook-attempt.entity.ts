import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { WebhookDeliveryEntity } from './webhook-delivery.entity.js';

/** One attempt to deliver an event. */
@Entity('webhook_attempts')
export class WebhookAttemptEntity {
  @PrimaryColumn({ name: 'delivery_id', type: 'text', primaryKeyConstraintName: 'webhook_attempts_pkey' })
  @ForeignKey(() => WebhookDeliveryEntity, { onDelete: 'CASCADE', name: 'webhook_attempts_delivery_fkey' })
  deliveryId!: string;

  /** Starting at 1. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'webhook_attempts_pkey' })
  attempt!: number;

  /** When it ended. */
  @Column({ type: 'timestamptz' })
  at!: Date;

  @Column({ name: 'duration_ms', type: 'integer' })
  durationMs!: number;

  /** Of the reply; null without one. */
  @Column({ type: 'integer', nullable: true })
  status!: number | null;

  /** Why there was no reply. */
  @Column({ type: 'text', nullable: true })
  error!: string | null;

  /** The beginning of the reply, escaped. */
  @Column({ type: 'text', nullable: true })
  reply!: string | null;
}
