import type { ProblemCode } from '../problems/problem-codes.js';

/** Problems of routes that need admission. */
export const ADMISSION_PROBLEMS: ProblemCode[] = ['admission-denied', 'admission-unavailable'];
