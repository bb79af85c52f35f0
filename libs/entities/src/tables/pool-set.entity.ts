import type { SessionProduct } from '@app/kernel';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A set of the warm pool: the tokens of a session that does not exist yet, all of one CAS endpoint, and sealed for the id
 * that the session will have. It is deleted in the transaction that creates the session.
 */
@Entity('pool_sets')
@Check('pool_sets_products_known', `products <@ '{stream,sync}'`)
@Check(
  'pool_sets_complete',
  `cardinality(products) > 0 AND cardinality(sealed) = cardinality(products)
   AND cardinality(token_expires_at) = cardinality(products)`,
)
@Index('pool_sets_oldest', ['products', 'mintedAt'])
@Index('pool_sets_expiry', ['expiresAt'])
@Index('pool_sets_by_key', ['keyId', 'id'])
export class PoolSetEntity {
  /** The TokenID of the future session. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pool_sets_pkey' })
  id!: string;

  @Column({ type: 'text', array: true })
  products!: SessionProduct[];

  /** The sealed tokens, in the order of the products. */
  @Column({ type: 'text', array: true })
  sealed!: string[];

  /** Id of the key that all of them are sealed with. */
  @Column({ name: 'key_id', type: 'text' })
  keyId!: string;

  /** In the order of the products. */
  @Column({ name: 'token_expires_at', type: 'timestamptz', array: true })
  tokenExpiresAt!: Date[];

  /** The earliest of them. */
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'cas_endpoint', type: 'text' })
  casEndpoint!: string;

  @Column({ name: 'minted_at', type: 'timestamptz' })
  mintedAt!: Date;
}
