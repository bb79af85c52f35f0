import type { SeatRole } from '@app/kernel';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { SessionEntity } from './session.entity.js';

/** A named place in a ready session, held for the time of a lease. Deleted when it is freed, lapses or its session ends. */
@Entity('seats')
@Check('seats_role_known', `role IN ('participant', 'viewer')`)
@Index('seats_one_per_name', ['sessionId', 'foldedName'], { unique: true })
@Index('seats_participants', ['sessionId'], { where: `role = 'participant'` })
@Index('seats_by_caller', ['sessionId', 'takenBy'])
@Index('seats_lease', ['leaseUntil'])
export class SeatEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'seats_pkey' })
  id!: string;

  @Column({ name: 'session_id', type: 'text' })
  @ForeignKey(() => SessionEntity, { onDelete: 'CASCADE', name: 'seats_session_fkey' })
  sessionId!: string;

  /** As its owner wrote it, after NFC and without spaces at the ends. */
  @Column({ type: 'text' })
  name!: string;

  /** The name as it is compared with others. */
  @Column({ name: 'folded_name', type: 'text', collation: 'C' })
  foldedName!: string;

  @Column({ type: 'text' })
  role!: SeatRole;

  /** The caller that took it: an API key, a user or a ticket. */
  @Column({ name: 'taken_by', type: 'text' })
  takenBy!: string;

  @Column({ name: 'taken_at', type: 'timestamptz', default: () => 'now()' })
  takenAt!: Date;

  @Column({ name: 'lease_until', type: 'timestamptz' })
  leaseUntil!: Date;
}
