import type { Product } from '@app/kernel';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { SessionEntity } from './session.entity.js';

/** The one published token of a session's product. Its key holds even after the token itself was erased. */
@Entity('session_tokens')
@Check('session_tokens_product_known', `product IN ('stream', 'sync')`)
@Index('session_tokens_key_id', ['keyId'], { where: 'sealed IS NOT NULL' })
export class SessionTokenEntity {
  @PrimaryColumn({ name: 'session_id', type: 'text', primaryKeyConstraintName: 'session_tokens_pkey' })
  @ForeignKey(() => SessionEntity, { onDelete: 'CASCADE', name: 'session_tokens_session_fkey' })
  sessionId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'session_tokens_pkey' })
  product!: Product;

  /** The sealed token; null once its session was closed or has expired. */
  @Column({ type: 'text', nullable: true })
  sealed!: string | null;

  /** The key of the ring that sealed it. */
  @Column({ name: 'key_id', type: 'text' })
  keyId!: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'published_at', type: 'timestamptz', default: () => 'now()' })
  publishedAt!: Date;
}
