import { Module } from '@nestjs/common';
import { JobsMetrics } from './jobs.metrics.js';

/** What the processors of all queues share. */
@Module({ providers: [JobsMetrics], exports: [JobsMetrics] })
export class JobsModule {}
