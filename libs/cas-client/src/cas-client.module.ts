import { EgressModule } from '@app/egress';
import { Module } from '@nestjs/common';
import { CasClient } from './cas-client.js';
import { CasCredentials } from './cas-credentials.js';

@Module({ imports: [EgressModule], providers: [CasClient, CasCredentials], exports: [CasClient] })
export class CasClientModule {}
