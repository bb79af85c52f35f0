// Secrets are generated at the first start and kept in the data directory: none is built in, and later starts can unseal
// what the first one sealed.
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from '../steps.mjs';

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ALPHANUMERIC = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOWER}`;

/** randomInt has no modulo bias. */
function randomText(alphabet, length) {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

const SECRETS = {
  apiKey: {
    file: 'bootstrap-api-key',
    make: () => `wtk_dev${randomText(LOWER, 5)}_${randomText(ALPHANUMERIC, 48)}`,
    valid: (text) => /^wtk_[a-z0-9]{4,16}_[A-Za-z0-9]{43,128}$/.test(text),
  },
  encryptionKeys: {
    file: 'token-encryption-keys',
    make: () => `k1:${randomBytes(32).toString('base64')}`,
    valid: (text) => /^[A-Za-z0-9_-]+:[A-Za-z0-9+/]{43}=/.test(text),
  },
  casCredentials: {
    file: 'cas-sandbox-credentials',
    make: () => `${randomText(ALPHANUMERIC, 24)}:${randomText(ALPHANUMERIC, 48)}`,
    valid: (text) => /^[A-Za-z0-9]+:[A-Za-z0-9]+$/.test(text),
  },
};

function keep(dataDir, { file, make, valid }) {
  const path = join(dataDir, file);
  if (existsSync(path)) {
    const text = readFileSync(path, 'utf8').trim();
    if (valid(text)) return text;
    throw new ToolError(`${path} is not valid. Restore its content, or remove it to have a new one generated.`);
  }
  const text = make();
  writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return text;
}

/** Only those that the environment does not give. */
export function keptSecrets({ dataDir, given }) {
  // The link to the watch page works once per start: its secret is kept nowhere.
  const secrets = { link: randomText(ALPHANUMERIC, 32) };
  if (!given.BOOTSTRAP_API_KEY) secrets.apiKey = keep(dataDir, SECRETS.apiKey);
  if (!given.TOKEN_ENCRYPTION_KEYS) secrets.encryptionKeys = keep(dataDir, SECRETS.encryptionKeys);
  if (!given.CAS) {
    const [apiKey, apiSecret] = keep(dataDir, SECRETS.casCredentials).split(':');
    secrets.cas = { apiKey, apiSecret };
  }
  return secrets;
}
