import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { SessionEntity } from './session.entity.js';

/** An Idempotency-Key of a caller. Kept for 24 hours. */
@Entity('idempotency_keys')
@Index('idempotency_keys_age', ['createdAt'])
@Index('idempotency_keys_session', ['sessionId'])
export class IdempotencyKeyEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  caller!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  key!: string;

  /** SHA-256 of the canonical form of the parsed body, in hex. */
  @Column({ type: 'text' })
  fingerprint!: string;

  @Column({ name: 'session_id', type: 'text' })
  @ForeignKey(() => SessionEntity, { onDelete: 'CASCADE', name: 'idempotency_keys_session_fkey' })
  sessionId!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
