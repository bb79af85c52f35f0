import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first schema. Every constraint is named, since errors and documentation refer to them. */
export class Sessions1764000000000 implements MigrationInterface {
  name = 'Sessions1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sessions (
        id text NOT NULL,
        room text,
        generation integer NOT NULL,
        status text NOT NULL,
        products text[] NOT NULL,
        metadata jsonb NOT NULL DEFAULT '{}',
        failure_code text,
        created_by text NOT NULL,
        version integer NOT NULL DEFAULT 1,
        attempts integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        ready_at timestamptz,
        expires_at timestamptz,
        deadline_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        not_before timestamptz,
        reopened_at timestamptz,
        ended_at timestamptz,
        CONSTRAINT sessions_pkey PRIMARY KEY (id),
        CONSTRAINT sessions_status_known CHECK (status IN ('pending', 'ready', 'failed', 'closed', 'expired')),
        CONSTRAINT sessions_ready_has_expiry
          CHECK (status <> 'ready' OR (ready_at IS NOT NULL AND expires_at IS NOT NULL)),
        CONSTRAINT sessions_failed_has_code CHECK (status <> 'failed' OR failure_code IS NOT NULL),
        CONSTRAINT sessions_unnamed_has_one_generation CHECK (room IS NOT NULL OR generation = 1)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX sessions_one_live_per_room ON sessions (room)
        WHERE status IN ('pending', 'ready', 'failed')`);
    await runner.query(`CREATE UNIQUE INDEX sessions_one_per_generation ON sessions (room, generation)`);
    await runner.query(`CREATE INDEX sessions_due ON sessions (due_at) WHERE status = 'pending'`);
    await runner.query(`CREATE INDEX sessions_deadline ON sessions (deadline_at) WHERE status = 'pending'`);
    await runner.query(`CREATE INDEX sessions_expiry ON sessions (expires_at) WHERE status = 'ready'`);
    await runner.query(`CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL`);
    await runner.query(`CREATE INDEX sessions_newest ON sessions (created_at, id)`);

    await runner.query(`
      CREATE TABLE session_tokens (
        session_id text NOT NULL,
        product text NOT NULL,
        sealed text,
        key_id text NOT NULL,
        expires_at timestamptz NOT NULL,
        published_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT session_tokens_pkey PRIMARY KEY (session_id, product),
        CONSTRAINT session_tokens_product_known CHECK (product IN ('stream', 'sync')),
        CONSTRAINT session_tokens_session_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX session_tokens_key_id ON session_tokens (key_id) WHERE sealed IS NOT NULL`);

    await runner.query(`
      CREATE TABLE idempotency_keys (
        caller text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        session_id text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller, key),
        CONSTRAINT idempotency_keys_session_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)`);
    await runner.query(`CREATE INDEX idempotency_keys_session ON idempotency_keys (session_id)`);

    await runner.query(`
      CREATE TABLE api_keys (
        id text NOT NULL,
        name text NOT NULL,
        secret_sha256 bytea NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT api_keys_pkey PRIMARY KEY (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE api_keys, idempotency_keys, session_tokens, sessions');
  }
}
