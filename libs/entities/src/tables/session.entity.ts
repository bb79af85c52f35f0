import type { FailureCode, Product, SessionStatus } from '@app/kernel';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One vendor session. The row is the truth; jobs and events are only hints that somebody should look at it.
 * Times are the database's.
 */
@Entity('sessions')
@Check('sessions_status_known', `status IN ('pending', 'ready', 'failed', 'closed', 'expired')`)
@Check('sessions_ready_has_expiry', `status <> 'ready' OR (ready_at IS NOT NULL AND expires_at IS NOT NULL)`)
@Check('sessions_failed_has_code', `status <> 'failed' OR failure_code IS NOT NULL`)
@Check('sessions_unnamed_has_one_generation', 'room IS NOT NULL OR generation = 1')
@Index('sessions_one_live_per_room', ['room'], { unique: true, where: `status IN ('pending', 'ready', 'failed')` })
@Index('sessions_one_per_generation', ['room', 'generation'], { unique: true })
@Index('sessions_due', ['dueAt'], { where: `status = 'pending'` })
@Index('sessions_deadline', ['deadlineAt'], { where: `status = 'pending'` })
@Index('sessions_expiry', ['expiresAt'], { where: `status = 'ready'` })
@Index('sessions_ended', ['endedAt'], { where: 'ended_at IS NOT NULL' })
@Index('sessions_newest', ['createdAt', 'id'])
export class SessionEntity {
  /** The TokenID. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'sessions_pkey' })
  id!: string;

  /** NFC; null for a session that was created without a room. */
  @Column({ type: 'text', nullable: true })
  room!: string | null;

  @Column({ type: 'integer' })
  generation!: number;

  @Column({ type: 'text' })
  status!: SessionStatus;

  @Column({ type: 'text', array: true })
  products!: Product[];

  @Column({ type: 'jsonb', default: {} })
  metadata!: Record<string, unknown>;

  /** While pending: the last failure seen, if any. Once failed: why. */
  @Column({ name: 'failure_code', type: 'text', nullable: true })
  failureCode!: FailureCode | null;

  /** Who opened it: `key:<id>`, or a person of the customer's identity provider. */
  @Column({ name: 'created_by', type: 'text' })
  createdBy!: string;

  /** Raised by every change that a client can see. */
  @Column({ type: 'integer', default: 1 })
  version!: number;

  /** The place in the list of waits. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'ready_at', type: 'timestamptz', nullable: true })
  readyAt!: Date | null;

  /** The earliest end of its tokens. */
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  /** Past it a pending session counts as failed. */
  @Column({ name: 'deadline_at', type: 'timestamptz' })
  deadlineAt!: Date;

  /** Past it the sweeper assumes that a pending session has lost its job. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;

  /** No call to CAS before this time: the wait that a failed attempt has earned. */
  @Column({ name: 'not_before', type: 'timestamptz', nullable: true })
  notBefore!: Date | null;

  /** When a failed session was last put back to pending by opening its room. */
  @Column({ name: 'reopened_at', type: 'timestamptz', nullable: true })
  reopenedAt!: Date | null;

  /** When it failed, was closed or expired: retention counts from here. */
  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;
}
