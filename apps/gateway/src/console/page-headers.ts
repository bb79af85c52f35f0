/** Only the console's own files, in no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** BullMQ's board is shown in a frame of the console, and its page names what its addresses are relative to. */
const BOARD_POLICY = POLICY.filter((directive) => !directive.startsWith('frame-src')).map(
  (directive) =>
    ({ "base-uri 'none'": "base-uri 'self'", "frame-ancestors 'none'": "frame-ancestors 'self'" })[directive] ??
    directive,
);

/** Of every reply of the console. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY.join('; '),
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Of what is below the path of BullMQ's board, instead. */
export const BOARD_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': BOARD_POLICY.join('; '),
  'x-frame-options': 'SAMEORIGIN',
};
