import { EntitiesModule } from '@app/entities';
import { Module } from '@nestjs/common';
import { PoolSupply } from './pool-supply.js';

/** The warm pool: what it is to hold, and what opens take from it. Workers refill it. */
@Module({
  imports: [EntitiesModule],
  providers: [PoolSupply],
  exports: [PoolSupply],
})
export class PoolModule {}
