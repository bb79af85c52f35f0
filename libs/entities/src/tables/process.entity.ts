import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A gateway or worker, as it last reported itself. It deletes its row when it is stopped, so a row that is no longer
 * renewed is of a process that crashed or cannot reach the database.
 */
@Entity('processes')
@Check('processes_kind_known', `kind IN ('gateway', 'worker')`)
@Index('processes_seen', ['seenAt'])
export class ProcessEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'processes_pkey' })
  id!: string;

  @Column({ type: 'text' })
  kind!: 'gateway' | 'worker';

  /** Of the release. */
  @Column({ type: 'text' })
  version!: string;

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt!: Date;

  @Column({ name: 'seen_at', type: 'timestamptz', default: () => 'now()' })
  seenAt!: Date;

  /** Counters and states of the process: numbers, codes and times, never names of callers. */
  @Column({ type: 'jsonb', default: {} })
  figures!: Record<string, unknown>;
}
