/** Allows only the page's own files, and the vendor's SDK if configured. */
export function pageHeaders(sdkUrl: string | undefined): Record<string, string> {
  const allowed = sdkUrl === undefined ? "'self'" : `'self' ${new URL(sdkUrl).origin}`;
  const policy = [
    "default-src 'none'",
    `script-src ${allowed}`,
    "style-src 'self'",
    `connect-src ${allowed}`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}
