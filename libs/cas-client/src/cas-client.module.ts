import { EgressModule } from '@app/egress';
import { Module } from '@nestjs/common';
import { CasClient } from './cas-client.js';
import { CasEndpoints } from './cas-endpoints.js';

@Module({ imports: [EgressModule], providers: [CasClient, CasEndpoints], exports: [CasClient, CasEndpoints] })
export class CasClientModule {}
