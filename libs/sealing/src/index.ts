export { SealBrokenError, UnknownSealingKeyError } from './errors.js';
export { KeyRing, type SealContext, type SealedToken } from './key-ring.js';
export { Sealing, SealingModule } from './sealing.module.js';
