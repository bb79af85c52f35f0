import { Module } from '@nestjs/common';
import { CasClient } from './cas-client.js';
import { CasCredentials } from './cas-credentials.js';

@Module({ providers: [CasClient, CasCredentials], exports: [CasClient] })
export class CasClientModule {}
