import { isScope, type Scope } from '@app/kernel';
import { z } from 'zod';
import { optionalText, secureUrl, text, defineNamespace } from './namespace.js';

const scopes = z.string().transform((value, context): Scope[] => {
  const names = value.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const known = names.filter(isScope);
  if (known.length === names.length) return known;
  context.addIssue('must be scopes of this server, separated by commas');
  return z.NEVER;
});

/** The customer's identity provider: viewers and hosts as callers. */
export const oidc = defineNamespace({
  title: 'Identity provider',
  variables: {
    OIDC_ISSUER: {
      // Without a fragment: person ids are <issuer>#<subject>.
      schema: secureUrl.optional(),
      description:
        'The issuer of JWTs that are accepted as credentials, exactly as in their iss. Without it: API keys alone.',
    },
    OIDC_AUDIENCE: { schema: optionalText, description: 'What must stand in their aud. Goes with OIDC_ISSUER.' },
    OIDC_JWKS_URL: {
      schema: secureUrl.optional(),
      description:
        "Where the issuer's public keys are. Without it the issuer's /.well-known/openid-configuration says so.",
    },
    OIDC_SCOPE_CLAIM: {
      schema: text,
      description: 'The claim that holds scopes of this server, as text with spaces between them or as a list.',
      default: 'scope',
    },
    OIDC_DEFAULT_SCOPES: {
      schema: scopes,
      description:
        'Scopes of a person whose token names none of ours, comma-separated. For viewers: sessions:read,tokens:read.',
      default: '',
    },
  },
  faults: (values) =>
    (values.OIDC_ISSUER === undefined) === (values.OIDC_AUDIENCE === undefined)
      ? []
      : ['OIDC_ISSUER and OIDC_AUDIENCE must be set together'],
  settings: (values) =>
    values.OIDC_ISSUER === undefined || values.OIDC_AUDIENCE === undefined
      ? null
      : {
          issuer: values.OIDC_ISSUER,
          audience: values.OIDC_AUDIENCE,
          jwksUrl: values.OIDC_JWKS_URL,
          scopeClaim: values.OIDC_SCOPE_CLAIM,
          defaultScopes: values.OIDC_DEFAULT_SCOPES,
        },
});
