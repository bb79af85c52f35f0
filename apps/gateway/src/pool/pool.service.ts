import { ConfigService, type SettingsService } from '@app/config';
import { PoolRepository } from '@app/entities';
import { inPoolOrder, type PoolLimits } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { PoolPlanBody, PoolView } from './pool.schemas.js';

/** The plan of the warm pool, and how far it is. */
@Injectable()
export class PoolService {
  private readonly limits: PoolLimits;

  constructor(
    private readonly pool: PoolRepository,
    @Inject(ConfigService) config: SettingsService<'pool'>,
  ) {
    this.limits = config.get('pool', { infer: true });
  }

  async read(): Promise<PoolView> {
    const { targets, schedule, changedAt } = await this.pool.plan();
    return {
      targets,
      schedule,
      changedAt: changedAt?.toISOString() ?? null,
      levels: await this.pool.levels(this.limits),
    };
  }

  /** Replaces the whole plan. */
  async replace({ targets, schedule }: PoolPlanBody, actor: string): Promise<PoolView> {
    const plan = {
      targets: targets.map(({ products, target }) => ({ products: inPoolOrder(products), target })),
      schedule: schedule.map(({ products, at, until, target }) => {
        return { products: inPoolOrder(products), at: iso(at), until: iso(until), target };
      }),
    };
    await this.pool.replacePlan(plan, actor);
    return this.read();
  }
}

function iso(time: string): string {
  return new Date(time).toISOString();
}
