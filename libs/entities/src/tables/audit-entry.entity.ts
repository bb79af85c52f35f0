import type { AuditAction } from '@app/kernel';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * Who did what. Entries are added and, when they are old, deleted; a trigger refuses to change one. They refer to
 * sessions by id alone, since they outlive them.
 */
@Entity('audit_entries')
@Check(
  'audit_entries_action_known',
  `action IN ('create', 'close', 'retry', 'read-tokens', 'denied:insufficient-scope', 'denied:admission-denied', 'denied:rate-limited')`,
)
@Check('audit_entries_count_positive', 'count > 0')
@Index('audit_entries_newest', ['at', 'actor', 'action', 'sessionId'])
@Index('audit_entries_of_actor', ['actor', 'at'])
@Index('audit_entries_of_session', ['sessionId', 'at'])
export class AuditEntryEntity {
  /** Made by whoever adds the entry: one that is sent again, since no answer came, stands once. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'audit_entries_pkey' })
  id!: string;

  /** Of a change its time; of what is counted the minute. */
  @Column({ type: 'timestamptz' })
  at!: Date;

  /** `key:<id>`, `user:<issuer>#<subject>`, `room-api` or `cli`. Ordered by bytes, so that issuers lie together. */
  @Column({ type: 'text', collation: 'C' })
  actor!: string;

  @Column({ type: 'text' })
  action!: AuditAction;

  /** Empty where there was none. Not null: pages are cut by comparing rows, and null compares with nothing. */
  @Column({ name: 'session_id', type: 'text' })
  sessionId!: string;

  @Column({ type: 'integer' })
  count!: number;
}
