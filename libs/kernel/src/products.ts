/** The vendor's products: `stream` is Watch Together, `sync` the Synchronization SDK. */
export const PRODUCTS = ['stream', 'sync'] as const;

export type Product = (typeof PRODUCTS)[number];
