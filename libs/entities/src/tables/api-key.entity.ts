import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** An API key. Only the SHA-256 of the secret is stored, which is enough for a secret of at least 256 bits. */
@Entity('api_keys')
@Check('api_keys_rate_positive', 'rate_per_s > 0')
export class ApiKeyEntity {
  /** The public part, `wtk_<id>_…`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'api_keys_pkey' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'secret_sha256', type: 'bytea' })
  secretSha256!: Buffer;

  @Column({ type: 'text', array: true })
  scopes!: string[];

  /** Maximum requests per second; null for no limit. */
  @Column({ name: 'rate_per_s', type: 'integer', nullable: true })
  ratePerS!: number | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;
}
