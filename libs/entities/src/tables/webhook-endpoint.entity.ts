import type { DisabledReason, WebhookType } from '@app/kernel';
import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A receiver of webhooks. There are at most 50 (`MAX_WEBHOOKS`). */
@Entity('webhook_endpoints')
@Check('webhook_endpoints_reason_known', `disabled_reason IN ('owner', 'gone', 'failing')`)
export class WebhookEndpointEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'webhook_endpoints_pkey' })
  id!: string;

  @Column({ type: 'text' })
  url!: string;

  @Column({ type: 'text', array: true })
  types!: WebhookType[];

  /** NFC; null for all sessions, those without a room included. */
  @Column({ name: 'room_prefix', type: 'text', nullable: true })
  roomPrefix!: string | null;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ name: 'include_metadata', type: 'boolean', default: false })
  includeMetadata!: boolean;

  /** Null while it is enabled. */
  @Column({ name: 'disabled_reason', type: 'text', nullable: true })
  disabledReason!: DisabledReason | null;

  /** The first failure since the last success. */
  @Column({ name: 'failing_since', type: 'timestamptz', nullable: true })
  failingSince!: Date | null;

  @Column({ name: 'secret_sealed', type: 'text' })
  secretSealed!: string;

  @Column({ name: 'secret_key_id', type: 'text' })
  secretKeyId!: string;

  /** The replaced secret, which signs too until `previousUntil`. */
  @Column({ name: 'previous_sealed', type: 'text', nullable: true })
  previousSealed!: string | null;

  @Column({ name: 'previous_key_id', type: 'text', nullable: true })
  previousKeyId!: string | null;

  @Column({ name: 'previous_until', type: 'timestamptz', nullable: true })
  previousUntil!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
