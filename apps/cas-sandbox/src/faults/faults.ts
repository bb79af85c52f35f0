import { Injectable } from '@nestjs/common';
import type { VendorProduct } from '../vendor/vendor-product.js';
import type { Fault } from './fault.js';

/** The faults to come, in the order they were asked for. */
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

  /** The fault that strikes the next call for this product; it has one time less left then. */
  take(product: VendorProduct): Fault | undefined {
    const fault = this.faults.find((candidate) => candidate.product === undefined || candidate.product === product);
    if (fault?.times !== undefined) {
      fault.times -= 1;
      if (fault.times === 0) this.faults = this.faults.filter((other) => other !== fault);
    }
    return fault;
  }
}
