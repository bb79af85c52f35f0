import type { SessionProduct } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The sets that a worker is minting. They count towards the target, until the worker no longer renews them. */
@Entity('pool_reservations')
export class PoolReservationEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pool_reservations_pkey' })
  worker!: string;

  @PrimaryColumn({ type: 'text', array: true, primaryKeyConstraintName: 'pool_reservations_pkey' })
  products!: SessionProduct[];

  /** The ids of these sets: one is stored at most once. */
  @Column({ type: 'text', array: true })
  ids!: string[];

  @Column({ name: 'held_until', type: 'timestamptz' })
  heldUntil!: Date;
}
