import { Injectable } from '@nestjs/common';
import type { VendorProduct } from '../vendor/vendor-product.js';
import type { Fault } from './fault.js';

/** Requested faults that have not been used up, in the order they were added. */
@Injectable()
export class Faults {
  private faults: Fault[] = [];

  add(fault: Fault): void {
    this.faults.push(fault);
  }

  list(): readonly Fault[] {
    return this.faults;
  }

  clear(): void {
    this.faults = [];
  }

  /** Returns the first fault that matches a call for this product, and uses it once. */
  take(product: VendorProduct): Fault | undefined {
    const fault = this.faults.find((candidate) => candidate.product === undefined || candidate.product === product);
    if (fault?.times !== undefined) {
      fault.times -= 1;
      if (fault.times === 0) this.faults = this.faults.filter((other) => other !== fault);
    }
    return fault;
  }
}
