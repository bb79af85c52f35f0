/** Stands in every body that a fault makes up, so that tests can prove that the vendor's words go nowhere. */
export const VENDOR_TEXT = 'vendor-text-8c1f2e';
