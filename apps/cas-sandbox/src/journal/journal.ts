import { Injectable } from '@nestjs/common';
import type { Fault } from '../faults/fault.js';
import type { Credentials } from '../vendor/check-credentials.js';
import { VENDOR_PRODUCTS, type VendorProduct } from '../vendor/vendor-product.js';

/** Older calls are dropped. */
const MAX_CALLS = 100_000;

/** A call and its response. Never contains a secret, a token or a user id. */
export interface Call {
  /** Ordinal of the call, starting at 1 after the journal is cleared. */
  n: number;
  /** Time of arrival, ISO 8601. */
  at: string;
  product: VendorProduct;
  /** Path and query; for chat the path alone, since the query names the user. */
  path: string;
  credentials: Credentials;
  /** The fault applied to the call. */
  fault?: Fault['kind'];
  /** HTTP status of the response. Absent while the call is held, and if there was no response. */
  status?: number;
  /** The first 16 hex digits of the token's SHA-256. */
  tokenFingerprint?: string;
  /** For chat: the first 16 hex digits of the SHA-256 of `sub`, the user the token is for. */
  subFingerprint?: string;
  /** The `rid` claim of the token. */
  rid?: string;
}

export interface Counts {
  calls: number;
  /** Calls for which a token was issued, whether or not the caller received it. */
  tokens: number;
}

@Injectable()
export class Journal {
  private calls: Call[] = [];
  private n = 0;

  /** Records a call on arrival. The caller fills in the response fields of the returned entry. */
  open(call: Omit<Call, 'n' | 'at' | 'status' | 'tokenFingerprint' | 'rid'>): Call {
    this.n += 1;
    const opened: Call = { n: this.n, at: new Date().toISOString(), ...call };
    this.calls.push(opened);
    // Trimmed rarely: shifting 100,000 entries on every call would cost more than the call.
    if (this.calls.length >= 2 * MAX_CALLS) this.calls = this.list();
    return opened;
  }

  /** The last 100,000 calls, oldest first. */
  list(): Call[] {
    return this.calls.slice(-MAX_CALLS);
  }

  /** Counts the recorded calls, per product and in total. */
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
