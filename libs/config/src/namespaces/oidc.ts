import { isScope, type Scope } from '@app/kernel';
import { z } from 'zod';
import { defineNamespace, onOff, optionalText, secureUrl, text } from './namespace.js';

const scopes = z.string().transform((value, context): Scope[] => {
  const names = value.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const known = names.filter(isScope);
  if (known.length === names.length) return known;
  context.addIssue('must be a comma-separated list of scopes of this API');
  return z.NEVER;
});

const audiences = z
  .string()
  .transform((value) => value.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()])))
  .refine((names) => names.length > 0, 'must contain an audience');

/** `viewer=sessions:read+tokens:read,host=rooms:open`. A name may contain spaces and `=`; our scopes do not. */
const scopeMap = z.string().transform((value, context): ReadonlyMap<string, readonly Scope[]> => {
  const map = new Map<string, Scope[]>();
  for (const entry of value.split(',').filter((part) => part.trim() !== '')) {
    const end = entry.lastIndexOf('=');
    const name = entry.slice(0, Math.max(end, 0)).trim();
    const granted = entry
      .slice(end + 1)
      .split('+')
      .map((scope) => scope.trim());
    if (name === '' || map.has(name) || !granted.every(isScope)) {
      context.addIssue('must be a comma-separated list of <name>=<scopes of this API, joined by +>, each name once');
      return z.NEVER;
    }
    map.set(name, granted);
  }
  return map;
});

/** The customer's identity provider, for viewers and hosts who call the API with a JWT. */
export const oidc = defineNamespace({
  title: 'Identity provider',
  variables: {
    OIDC_ISSUER: {
      // Without a fragment, since # separates issuer and subject in a user id.
      schema: secureUrl.optional(),
      description:
        'Issuer of the JWTs accepted as credentials, exactly as in their iss claim. If unset, only API keys are accepted.',
    },
    OIDC_AUDIENCE: {
      schema: audiences.optional(),
      description: 'Accepted values of the aud claim of the JWTs, comma-separated. Required with OIDC_ISSUER.',
    },
    OIDC_CLIENT_ID_CLAIM: {
      schema: optionalText,
      description:
        'Claim that must contain a value of OIDC_AUDIENCE in JWTs without an aud claim, such as client_id or azp. If unset, those are rejected.',
    },
    OIDC_JWKS_URL: {
      schema: secureUrl.optional(),
      description:
        "URL of the issuer's JWKS. If unset, it is discovered through the issuer's /.well-known/openid-configuration.",
    },
    OIDC_SCOPE_CLAIM: {
      schema: text,
      description:
        'Claim that contains the scopes, as a space-separated string or an array: its name, or the path of a nested one (realm_access.roles).',
      default: 'scope',
    },
    OIDC_SCOPE_PREFIX: {
      schema: optionalText,
      description: 'Prefix of the scopes in that claim (watchtogether/). It is removed; scopes without it are ignored.',
    },
    OIDC_SCOPE_MAP: {
      schema: scopeMap,
      description:
        'Scopes granted by other names in that claim, such as roles and groups: viewer=sessions:read+tokens:read,host=rooms:open.',
      default: '',
    },
    OIDC_ALLOW_ADMIN: {
      schema: onOff,
      description: 'Accept the scope admin from a claim of the identity provider: on or off.',
      default: 'off',
    },
    OIDC_DEFAULT_SCOPES: {
      schema: scopes,
      description:
        'Scopes of users whose token grants none, comma-separated. Recommended for viewers: sessions:read,tokens:read.',
      default: '',
    },
  },
  faults: (values) => {
    const faults: string[] = [];
    if ((values.OIDC_ISSUER === undefined) !== (values.OIDC_AUDIENCE === undefined))
      faults.push('OIDC_ISSUER and OIDC_AUDIENCE must be set together');
    const grantsAdmin = [...(values.OIDC_SCOPE_MAP?.values() ?? [])].some((granted) => granted.includes('admin'));
    if (grantsAdmin && values.OIDC_ALLOW_ADMIN === false)
      faults.push('OIDC_SCOPE_MAP grants admin, which requires OIDC_ALLOW_ADMIN=on');
    return faults;
  },
  settings: (values) =>
    values.OIDC_ISSUER === undefined || values.OIDC_AUDIENCE === undefined
      ? null
      : {
          issuer: values.OIDC_ISSUER,
          audiences: values.OIDC_AUDIENCE,
          clientIdClaim: values.OIDC_CLIENT_ID_CLAIM,
          jwksUrl: values.OIDC_JWKS_URL,
          scopeClaim: values.OIDC_SCOPE_CLAIM,
          scopePrefix: values.OIDC_SCOPE_PREFIX ?? '',
          scopeMap: values.OIDC_SCOPE_MAP,
          defaultScopes: values.OIDC_DEFAULT_SCOPES,
          allowAdmin: values.OIDC_ALLOW_ADMIN,
        },
});
