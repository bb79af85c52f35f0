import type { AllSettings } from '@app/config';
import { fetchKeys, identityProviderClient, IdentityProviderError } from '@app/identity-provider';
import { endpoint } from '@app/kernel';
import { egressOf } from './egress-checks.js';
import { counted, type Finding } from './finding.js';

const CHECK = 'OIDC';

/** Reads the keys as a gateway does. No finding without an identity provider. */
export async function identityProvider(settings: Partial<AllSettings>): Promise<Finding[]> {
  const egress = egressOf(settings);
  if (settings.oidc === undefined || egress === undefined)
    return [{ check: CHECK, level: 'not-checked', text: 'its configuration is invalid' }];
  if (settings.oidc === null) return [];
  const client = identityProviderClient(egress);
  try {
    const { keys, skipped, url } = await fetchKeys(client, settings.oidc);
    const others = skipped === 0 ? '' : `, ${String(skipped)} skipped`;
    const issuer = settings.oidc.jwksUrl === undefined ? ', issuer matches' : ', issuer not checked (OIDC_JWKS_URL)';
    return [
      {
        check: CHECK,
        level: 'ok',
        text: `${counted(keys.length, 'usable key')} on ${endpoint(url)}${others}${issuer}`,
      },
    ];
  } catch (error) {
    if (!(error instanceof IdentityProviderError)) throw error;
    return [{ check: CHECK, level: 'fault', text: error.message, advice: ADVICE[error.code] }];
  } finally {
    await client.close();
  }
}

const ADVICE: Record<IdentityProviderError['code'], string> = {
  unavailable: 'check OIDC_ISSUER, OIDC_JWKS_URL, HTTPS_PROXY, NO_PROXY, EXTRA_CA_CERTS, DNS and the firewall',
  refused: 'set OIDC_ISSUER exactly as in the iss claim of its tokens, or OIDC_JWKS_URL to the address of its keys',
  'no-usable-key': 'publish a key for RS256, PS256, ES256 or EdDSA at the identity provider',
};
