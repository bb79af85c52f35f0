import { EgressModule } from '@app/egress';
import { Module } from '@nestjs/common';
import { Admission, admissionPolicy } from './admission.js';

/** The customer’s own decision about each open, each read of tokens, each close, and chat tokens. */
@Module({
  imports: [EgressModule],
  providers: [Admission, admissionPolicy],
  exports: [Admission],
})
export class AdmissionModule {}
