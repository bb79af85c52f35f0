import type { Product } from '@app/kernel';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { SessionEntity } from './session.entity.js';

/** The published token of one product of a session, or of a chat token. The row outlives the erased token, to prevent another. */
@Entity('session_tokens')
@Check('session_tokens_product_known', `product IN ('stream', 'sync', 'chat')`)
@Index('session_tokens_by_key', ['keyId', 'sessionId', 'product'], { where: 'sealed IS NOT NULL' })
@Index('session_tokens_erased', ['keyId'], { where: 'sealed IS NULL' })
export class SessionTokenEntity {
  @PrimaryColumn({ name: 'session_id', type: 'text', primaryKeyConstraintName: 'session_tokens_pkey' })
  @ForeignKey(() => SessionEntity, { onDelete: 'CASCADE', name: 'session_tokens_session_fkey' })
  sessionId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'session_tokens_pkey' })
  product!: Product;

  /** The sealed token; null once the session is closed or expired. */
  @Column({ type: 'text', nullable: true })
  sealed!: string | null;

  /** Id of the key it is sealed with. */
  @Column({ name: 'key_id', type: 'text' })
  keyId!: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'published_at', type: 'timestamptz', default: () => 'now()' })
  publishedAt!: Date;
}
