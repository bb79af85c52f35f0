/** Marker contained in every body that a fault generates: tests prove with it that vendor text is never passed on. */
export const VENDOR_TEXT = 'vendor-text-8c1f2e';
