/** The vendor's products that a session can have: `stream` is Watch Together, `sync` the Synchronization SDK. */
export const PRODUCTS = ['stream', 'sync'] as const;

export type SessionProduct = (typeof PRODUCTS)[number];

/** Every product that CAS issues tokens for. A token of the public chat belongs to one user, never to a session. */
export type Product = SessionProduct | 'chat';
