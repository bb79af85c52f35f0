import { EntitiesModule } from '@app/entities';
import { Module } from '@nestjs/common';
import { PoolController } from './pool.controller.js';
import { PoolService } from './pool.service.js';
import { PoolSupply } from './pool-supply.js';

/** The warm pool: what it is to hold, and what opens take from it. Workers refill it. */
@Module({
  imports: [EntitiesModule],
  controllers: [PoolController],
  providers: [PoolService, PoolSupply],
  exports: [PoolService, PoolSupply],
})
export class PoolModule {}
