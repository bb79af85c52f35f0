import type { FailureCode, Product, SessionStatus, StoredNote } from '@app/kernel';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A session with the vendor, or a chat token, which is minted, sealed and ended like one. The row is the source of truth; jobs and events are only hints to read it. All times come
 * from the database clock.
 */
@Entity('sessions')
@Check('sessions_status_known', `status IN ('pending', 'ready', 'failed', 'closed', 'expired')`)
@Check('sessions_ready_has_expiry', `status <> 'ready' OR (ready_at IS NOT NULL AND expires_at IS NOT NULL)`)
@Check('sessions_failed_has_code', `status <> 'failed' OR failure_code IS NOT NULL`)
@Check('sessions_unnamed_has_one_generation', 'room IS NOT NULL OR generation = 1')
@Check(
  'sessions_chat_alone',
  `CASE WHEN chat_subject IS NULL THEN products <> '{chat}' AND NOT starts_with(id, 'cht_')
        ELSE products = '{chat}' AND starts_with(id, 'cht_') AND room IS NULL END`,
)
@Index('sessions_one_live_per_room', ['room'], { unique: true, where: `status IN ('pending', 'ready', 'failed')` })
@Index('sessions_one_live_per_chat_subject', ['chatSubject'], {
  unique: true,
  where: `chat_subject IS NOT NULL AND status IN ('pending', 'ready', 'failed')`,
})
@Index('sessions_one_per_generation', ['room', 'generation'], { unique: true })
@Index('sessions_due', ['dueAt'], { where: `status = 'pending'` })
@Index('sessions_deadline', ['deadlineAt'], { where: `status = 'pending'` })
@Index('sessions_expiry', ['expiresAt'], { where: `status = 'ready'` })
@Index('sessions_unannounced', ['expiresAt'], { where: `status = 'ready' AND expiry_announced IS NULL` })
@Index('sessions_ended', ['endedAt'], { where: 'ended_at IS NOT NULL' })
@Index('sessions_newest', ['createdAt', 'id'])
@Index('sessions_pending_newest', ['createdAt', 'id'], { where: `status = 'pending'` })
@Index('sessions_ready_newest', ['createdAt', 'id'], { where: `status = 'ready'` })
@Index('sessions_failed_by_code', ['failureCode', 'createdAt', 'id'], { where: `status = 'failed'` })
@Index('sessions_failed_newest', ['createdAt', 'id'], { where: `status = 'failed'` })
@Index('sessions_closed_newest', ['createdAt', 'id'], { where: `status = 'closed'` })
@Index('sessions_expired_newest', ['createdAt', 'id'], { where: `status = 'expired'` })
@Index('sessions_by_room', ['room', 'status', 'createdAt', 'id'], { where: 'room IS NOT NULL' })
export class SessionEntity {
  /** The TokenID; of a chat token an id that no route takes for one. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'sessions_pkey' })
  id!: string;

  /** NFC; null for a session that was created without a room. */
  @Column({ type: 'text', nullable: true })
  room!: string | null;

  /** The user whose token of the public chat this is; null for a session. Nowhere but here and in the call of CAS. */
  @Column({ name: 'chat_subject', type: 'text', nullable: true })
  chatSubject!: string | null;

  @Column({ type: 'integer' })
  generation!: number;

  @Column({ type: 'text' })
  status!: SessionStatus;

  @Column({ type: 'text', array: true })
  products!: Product[];

  @Column({ type: 'jsonb', default: {} })
  metadata!: Record<string, unknown>;

  /** The reason of a failed session. While pending: the last failure, if any. */
  @Column({ name: 'failure_code', type: 'text', nullable: true })
  failureCode!: FailureCode | null;

  /** The caller that created it: an API key (`key:<id>`) or a user of the customer's identity provider. */
  @Column({ name: 'created_by', type: 'text' })
  createdBy!: string;

  /** Incremented on every change that is visible to clients. */
  @Column({ type: 'integer', default: 1 })
  version!: number;

  /** Failed attempts, which determine the backoff. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'ready_at', type: 'timestamptz', nullable: true })
  readyAt!: Date | null;

  /** The earliest expiry of its tokens. */
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  /** Whether its expiry was announced; false if it lives too short for that, null until the time comes. */
  @Column({ name: 'expiry_announced', type: 'boolean', nullable: true })
  expiryAnnounced!: boolean | null;

  /** After this time a pending session counts as failed. */
  @Column({ name: 'deadline_at', type: 'timestamptz' })
  deadlineAt!: Date;

  /** The time it has to become ready, in s, if its opener gave one. */
  @Column({ name: 'ready_within_s', type: 'integer', nullable: true })
  readyWithinS!: number | null;

  /** After this time the sweeper assumes that a pending session has lost its job. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;

  /** No CAS call before this time: the backoff of the last failed attempt. */
  @Column({ name: 'not_before', type: 'timestamptz', nullable: true })
  notBefore!: Date | null;

  /** When the session was last set from failed back to pending. */
  @Column({ name: 'reopened_at', type: 'timestamptz', nullable: true })
  reopenedAt!: Date | null;

  /** When it failed, was closed or expired; retention starts here. */
  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;

  /** The trace of the request that created it (W3C `traceparent`); null if there is none. */
  @Column({ type: 'text', nullable: true })
  traceparent!: string | null;

  /** The CAS endpoint that issued its tokens; null until the first is published. */
  @Column({ name: 'cas_endpoint', type: 'text', nullable: true })
  casEndpoint!: string | null;

  /** What happened to it beside its changes of state, oldest first; written by `timeline_append` only. */
  @Column({ type: 'jsonb', nullable: true, select: false })
  timeline!: StoredNote[] | null;
}
