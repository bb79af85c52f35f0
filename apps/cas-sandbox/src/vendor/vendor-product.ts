/** The products for which the vendor's CAS issues tokens. */
export const VENDOR_PRODUCTS = ['stream', 'sync', 'chat'] as const;

export type VendorProduct = (typeof VENDOR_PRODUCTS)[number];

/** Path of each product's token call. Chat also needs the query `sub`, the user the token is for. */
export const TOKEN_PATHS = {
  stream: '/stream/token/v2/',
  sync: '/sync/token/',
  chat: '/public-chat/token/',
} as const satisfies Record<VendorProduct, string>;
