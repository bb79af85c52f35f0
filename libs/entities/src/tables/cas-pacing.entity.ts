import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The pace of calls of CAS: one row. */
@Entity('cas_pacing')
@Check('cas_pacing_one_row', 'id')
@Check('cas_pacing_max_rps_positive', 'max_rps >= 0')
export class CasPacingEntity {
  @PrimaryColumn({ type: 'boolean', default: true, primaryKeyConstraintName: 'cas_pacing_pkey' })
  id!: boolean;

  /** Calls per second as an operator set it: 0 for no limit, null for what workers are configured with. */
  @Column({ name: 'max_rps', type: 'double precision', nullable: true })
  maxRps!: number | null;

  /** When the next call may be made. */
  @Column({ name: 'next_at', type: 'timestamptz', default: '-infinity' })
  nextAt!: Date;

  /** Of the last grant: when its first call may be made, and how many they are. */
  @Column({ name: 'start_at', type: 'timestamptz', default: '-infinity' })
  startAt!: Date;

  @Column({ type: 'integer', default: 0 })
  granted!: number;

  /** Share of the limit that is used until `slowed_until`, since CAS answered 429. */
  @Column({ name: 'slow_factor', type: 'double precision', default: 1 })
  slowFactor!: number;

  @Column({ name: 'slowed_at', type: 'timestamptz', default: '-infinity' })
  slowedAt!: Date;

  @Column({ name: 'slowed_until', type: 'timestamptz', default: '-infinity' })
  slowedUntil!: Date;
}
