import { describe, expect, it } from '@jest/globals';
import { examineSettings } from '../read-settings.js';
import { oidc } from './oidc.js';

const ISSUER = { OIDC_ISSUER: 'https://login.example.com', OIDC_AUDIENCE: 'watch' };
const read = (environment: Record<string, string>) => examineSettings({ oidc }, { ...ISSUER, ...environment });

describe('OIDC_AUDIENCE', () => {
  it('may list several', () => {
    expect(read({ OIDC_AUDIENCE: 'web, tv ,' }).settings.oidc?.audiences).toEqual(['web', 'tv']);
    expect(read({ OIDC_AUDIENCE: ' , ' }).faults).toContain('OIDC_AUDIENCE must contain an audience');
  });
});

describe('OIDC_SCOPE_MAP', () => {
  it('maps names of any kind to scopes of this API', () => {
    const text = 'viewer=sessions:read+tokens:read, Watch Hosts = rooms:open + tokens:read ,cn=hosts=rooms:open';
    expect(read({ OIDC_SCOPE_MAP: text }).settings.oidc?.scopeMap).toEqual(
      new Map([
        ['viewer', ['sessions:read', 'tokens:read']],
        ['Watch Hosts', ['rooms:open', 'tokens:read']],
        ['cn=hosts', ['rooms:open']],
      ]),
    );
    expect(read({}).settings.oidc?.scopeMap).toEqual(new Map());
  });

  it.each([
    'viewer',
    '=rooms:open',
    'viewer=',
    'viewer=everything',
    'viewer=rooms:open tokens:read',
    'a=admin+,b=admin',
  ])('may not be %j', (OIDC_SCOPE_MAP) => {
    expect(read({ OIDC_SCOPE_MAP }).faults).toEqual([
      'OIDC_SCOPE_MAP must be a comma-separated list of <name>=<scopes of this API, joined by +>, each name once',
    ]);
  });

  it('may not contain a name twice', () => {
    expect(read({ OIDC_SCOPE_MAP: 'a=rooms:open,a=tokens:read' }).faults).toHaveLength(1);
  });

  it('grants admin only if that is allowed from the identity provider', () => {
    const OIDC_SCOPE_MAP = 'ops=admin';
    expect(read({ OIDC_SCOPE_MAP }).faults).toEqual([
      'OIDC_SCOPE_MAP grants admin, which requires OIDC_ALLOW_ADMIN=on',
    ]);
    expect(read({ OIDC_SCOPE_MAP, OIDC_ALLOW_ADMIN: 'on' }).faults).toEqual([]);
  });
});
