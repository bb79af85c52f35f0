import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { PoolEntry, PoolPlan } from '@app/kernel';

/** The plan of the warm pool: one row, which is replaced as a whole, and locked while sets are reserved. */
@Entity('pool_plan')
@Check('pool_plan_one_row', 'id')
export class PoolPlanEntity {
  @PrimaryColumn({ type: 'boolean', default: true, primaryKeyConstraintName: 'pool_plan_pkey' })
  id!: true;

  @Column({ type: 'jsonb', default: [] })
  targets!: PoolEntry[];

  @Column({ type: 'jsonb', default: [] })
  schedule!: PoolPlan['schedule'];

  @Column({ name: 'changed_at', type: 'timestamptz', nullable: true })
  changedAt!: Date | null;
}
