/** What the vendor's CAS issues tokens for: more than this server asks for. */
export const VENDOR_PRODUCTS = ['stream', 'sync', 'chat'] as const;

export type VendorProduct = (typeof VENDOR_PRODUCTS)[number];
