/** What a token is for: `stream` is Watch Together itself, `sync` the Synchronization SDK. Each belongs to one session. */
export const PRODUCTS = ['stream', 'sync'] as const;

export type Product = (typeof PRODUCTS)[number];
