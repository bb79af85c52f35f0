import type { ProblemCode } from '../problems/problem-codes.js';

/** What a route adds that asks the customer's own logic. */
export const ADMISSION_PROBLEMS: ProblemCode[] = ['admission-denied', 'admission-unavailable'];
