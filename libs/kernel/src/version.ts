/** The version of this release, as in package.json: shown by the console, where processes of two releases run together. */
export const VERSION = '0.1.0';
