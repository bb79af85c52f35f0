import { Injectable } from '@nestjs/common';
import type { Fault } from '../faults/fault.js';
import type { Credentials } from '../vendor/check-credentials.js';
import { VENDOR_PRODUCTS, type VendorProduct } from '../vendor/vendor-product.js';

/** Older calls are forgotten. */
const MAX_CALLS = 100_000;

/** One call as it came in, and what it was answered. Never a secret, never a token. */
export interface Call {
  /** 1 for the first call since the journal was cleared. */
  n: number;
  /** When it came in, ISO 8601. */
  at: string;
  product: VendorProduct;
  path: string;
  credentials: Credentials;
  /** The fault that struck it. */
  fault?: Fault['kind'];
  /** Absent while it is held, and where there was no answer. */
  status?: number;
  /** The first 16 hex digits of the token's SHA-256. */
  tokenFingerprint?: string;
  rid?: string;
}

export interface Counts {
  calls: number;
  /** Calls that were answered with a token, or with one in the making. */
  tokens: number;
}

@Injectable()
export class Journal {
  private calls: Call[] = [];
  private n = 0;

  /** The entry is written when the call comes in; its answer is filled in later. */
  open(call: Omit<Call, 'n' | 'at' | 'status' | 'tokenFingerprint' | 'rid'>): Call {
    this.n += 1;
    const opened: Call = { n: this.n, at: new Date().toISOString(), ...call };
    this.calls.push(opened);
    // Cut seldom: removing the first of 100,000 at every call would cost more than the call.
    if (this.calls.length >= 2 * MAX_CALLS) this.calls = this.list();
    return opened;
  }

  list(): Call[] {
    return this.calls.slice(-MAX_CALLS);
  }

  /** Over the calls that the journal still has. */
  summary(): Record<VendorProduct, Counts> & { total: Counts } {
    const count = (calls: Call[]): Counts => ({
      calls: calls.length,
      tokens: calls.filter((call) => call.tokenFingerprint !== undefined).length,
    });
    const calls = this.list();
    const [stream, sync, chat] = VENDOR_PRODUCTS.map((product) => count(calls.filter((c) => c.product === product)));
    const none = count([]);
    return { stream: stream ?? none, sync: sync ?? none, chat: chat ?? none, total: count(calls) };
  }

  clear(): void {
    this.calls = [];
    this.n = 0;
  }
}
