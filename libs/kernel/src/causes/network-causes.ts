import type { CauseRule } from './cause.js';

/** Errors of sockets, name resolution and files (Node, undici, ioredis, pg). */
export const NETWORK_CAUSES: readonly CauseRule[] = [
  {
    code: /^ECONNREFUSED$/,
    kind: 'refused',
    what: 'connection refused',
    advice: 'check that it is running, and its host and port',
  },
  { code: /^ENOTFOUND$/, kind: 'unknown-host', what: 'unknown host', advice: 'check the host name and DNS' },
  {
    code: /^EAI_AGAIN$/,
    kind: 'unknown-host',
    what: 'host name not resolved: DNS is unavailable',
    advice: 'check DNS',
  },
  {
    code: /^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EHOSTDOWN|ENETDOWN)$/,
    kind: 'unreachable',
    what: 'no route to the host',
    advice: 'check the network, routes and firewall',
  },
  {
    code: /^(EMFILE|ENFILE)$/,
    kind: 'full',
    what: 'this process has no file descriptors left',
    advice: 'raise the limit of open files (ulimit -n)',
  },
  {
    message: /^timeout exceeded when trying to connect/,
    kind: 'pool-exhausted',
    what: 'no connection free in time',
    advice: 'check for slow statements, or raise DATABASE_POOL',
  },
  {
    code: /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/,
    kind: 'timeout',
    what: 'no response in time',
    advice: 'check that it is running, the network and the firewall',
  },
  {
    message:
      /^(timeout expired|timeout|Command timed out|Query read timeout|connect ETIMEDOUT|Socket timeout|no response|The operation was aborted due to timeout|Connection terminated due to connection timeout)/i,
    kind: 'timeout',
    what: 'no response in time',
    advice: 'check that it is running, the network and the firewall',
  },
  {
    code: /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/,
    kind: 'reset',
    what: 'connection closed by the other side',
    advice: 'check that it is running, and what lies between (proxy, pooler, firewall)',
  },
  {
    message: /^(Connection terminated|Connection is closed|Connection ended|connection closed|other side closed)/i,
    kind: 'reset',
    what: 'connection closed by the other side',
    advice: 'check that it is running, and what lies between (proxy, pooler, firewall)',
  },
  { code: /^ENOENT$/, kind: 'file', what: 'no such file or socket', advice: 'check the path' },
  { code: /^EACCES$/, kind: 'file', what: 'no right to open the file or socket', advice: 'check its owner and mode' },
];

/** Errors of TLS, by the check that failed. */
export const TLS_CAUSES: readonly CauseRule[] = [
  {
    code: /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED)$/,
    kind: 'tls',
    what: 'TLS: its certificate is not signed by a trusted CA',
    advice: 'configure the CA file of the server',
  },
  {
    code: /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    kind: 'tls',
    what: 'TLS: its certificate is for another host name',
    advice: 'connect by a name that the certificate contains',
  },
  {
    code: /^CERT_HAS_EXPIRED$/,
    kind: 'tls',
    what: 'TLS: its certificate has expired',
    advice: 'renew the certificate of the server',
  },
  {
    code: /^CERT_NOT_YET_VALID$/,
    kind: 'tls',
    what: 'TLS: its certificate is not valid yet',
    advice: 'check both clocks',
  },
  {
    code: /^(ERR_SSL_.*CERTIFICATE_REQUIRED|ERR_SSL_.*HANDSHAKE_FAILURE|ERR_SSL_.*BAD_CERTIFICATE)$/,
    kind: 'tls',
    what: 'TLS: the server requires a client certificate that it accepts',
    advice: 'configure a client certificate and its key',
  },
  {
    code: /^(ERR_SSL_.*UNKNOWN_CA|ERR_SSL_.*CERTIFICATE_UNKNOWN)$/,
    kind: 'tls',
    what: 'TLS: the server does not trust our client certificate',
    advice: 'use a client certificate signed by a CA that the server trusts',
  },
  {
    code: /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))$/,
    kind: 'tls',
    what: 'TLS: the port does not speak TLS',
    advice: 'use the TLS port, or a URL without TLS',
  },
  {
    message: /server does not support SSL connections/,
    kind: 'tls',
    what: 'TLS: the server does not offer TLS',
    advice: 'enable TLS on the server, or use sslmode=disable on a trusted network',
  },
  {
    message: /TLS connection was established/,
    kind: 'tls',
    what: 'TLS: the connection was closed during the handshake',
    advice: 'check that the port speaks TLS, and what lies between',
  },
  {
    code: /^(ERR_(TLS|SSL)_|ERR_OSSL_|CERT_)/,
    kind: 'tls',
    what: 'TLS: the handshake failed',
    advice: 'check the TLS versions and certificates of both sides',
  },
];
