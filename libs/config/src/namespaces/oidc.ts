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
    OIDC_AUDIENCE: { schema: optionalText, description: 'Required aud claim of the JWTs. Required with OIDC_ISSUER.' },
    OIDC_JWKS_URL: {
      schema: secureUrl.optional(),
      description:
        "URL of the issuer's JWKS. If unset, it is discovered through the issuer's /.well-known/openid-configuration.",
    },
    OIDC_SCOPE_CLAIM: {
      schema: text,
      description: 'Claim that contains the scopes, as a space-separated string or an array.',
      default: 'scope',
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
          allowAdmin: values.OIDC_ALLOW_ADMIN,
        },
});
