import { z } from 'zod';
import { readCertificates } from './extra-ca.js';
import { defineNamespace, optionalText } from './namespace.js';

const PROXY_PROTOCOLS = ['http:', 'https:'];
const WITH_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

const MUST_BE = 'must be the URL of an http or https proxy, with user and password percent-encoded';

/** As curl reads it: a value without a scheme is a proxy on http. Undefined if it is no proxy that can be used. */
function parseProxy(value: string): URL | undefined {
  const text = WITH_SCHEME.test(value) ? value : `http://${value}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!PROXY_PROTOCOLS.includes(url.protocol) || url.hostname === '') return undefined;
  return isEncoded(url.username) && isEncoded(url.password) ? url : undefined;
}

function isEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text).isWellFormed();
  } catch {
    return false;
  }
}

const proxy = z.string().transform((value, context): URL => {
  const url = parseProxy(value);
  if (url !== undefined) return url;
  context.addIssue(MUST_BE);
  return z.NEVER;
});

const RECIPE = `node -p '"http://user:" + encodeURIComponent(process.argv[1]) + "@proxy.example.com:3128"' 'the password'`;

/** How processes reach other services over HTTP: proxies and trusted certificates. */
export const egress = defineNamespace({
  title: 'Outgoing connections: CAS, identity provider, admission',
  variables: {
    HTTPS_PROXY: {
      schema: proxy.optional(),
      description:
        'Proxy for calls over https (CONNECT): http://host:port, https://host:port or host:port. Percent-encode the password. Also read as https_proxy, which wins.',
      secret: true,
      recipe: RECIPE,
      alias: 'https_proxy',
    },
    ALL_PROXY: {
      schema: optionalText,
      description: 'As HTTPS_PROXY, used if that is unset. SOCKS is not supported. Also read as all_proxy, which wins.',
      secret: true,
      recipe: RECIPE,
      alias: 'all_proxy',
    },
    NO_PROXY: {
      schema: optionalText,
      description:
        'Targets to call without the proxy, separated by commas or spaces: hosts with their subdomains, host:port, IP addresses, networks (10.0.0.0/8), or *. Loopback is always called directly. Also read as no_proxy, which wins.',
      alias: 'no_proxy',
    },
    EXTRA_CA_CERTS: {
      schema: optionalText,
      description:
        'PEM file of certificate authorities to trust in addition to those of Node, for the proxy and for the services behind it.',
    },
  },
  faults: ({ HTTPS_PROXY, ALL_PROXY, EXTRA_CA_CERTS }, { production }) => {
    const faults: string[] = [];
    // A developer's shell may name a SOCKS proxy for other programs; all targets there are on loopback.
    if (production && HTTPS_PROXY === undefined && ALL_PROXY !== undefined && parseProxy(ALL_PROXY) === undefined)
      faults.push(`ALL_PROXY ${MUST_BE}`);
    const extra = EXTRA_CA_CERTS === undefined ? undefined : readCertificates(EXTRA_CA_CERTS);
    if (extra !== undefined && 'fault' in extra) faults.push(`EXTRA_CA_CERTS ${extra.fault}`);
    return faults;
  },
  settings: ({ HTTPS_PROXY, ALL_PROXY, NO_PROXY, EXTRA_CA_CERTS }) => {
    const extra = EXTRA_CA_CERTS === undefined ? undefined : readCertificates(EXTRA_CA_CERTS);
    return {
      /** Of calls over https; undefined if they go out directly. */
      proxy: HTTPS_PROXY ?? (ALL_PROXY === undefined ? undefined : parseProxy(ALL_PROXY)),
      noProxy: NO_PROXY ?? '',
      /** PEM certificates to trust in addition. */
      extraCa: extra !== undefined && 'certificates' in extra ? extra.certificates : [],
    };
  },
});
