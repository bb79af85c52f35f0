import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ApiPool, ApiPoolPlan } from './pool.openapi.js';
import { type PoolPlanBody, poolPlanBody, type PoolView } from './pool.schemas.js';
import { PoolService } from './pool.service.js';

@ApiTags('Pool')
@Controller('v1/pool')
export class PoolController {
  constructor(private readonly service: PoolService) {}

  @Get()
  @Operation('readPool', 'Read the warm pool', 'The plan, and beside it the level and the age of what is in the pool.')
  @ApiPool()
  @ApiProblems('malformed', 'unavailable')
  read(): Promise<PoolView> {
    return this.service.read();
  }

  @Put()
  @Operation(
    'planPool',
    'Replace the plan of the warm pool',
    'Workers keep so many sets of tokens minted ahead, and sessions that take one are ready at once. The plan is replaced as ' +
      'a whole; an empty one turns the pool off. It takes effect within a second.',
  )
  @ApiPoolPlan()
  @ApiProblems('malformed', 'body-too-large', 'unsupported-media-type', 'validation-failed', 'unavailable')
  replace(@CurrentCaller() caller: Caller, @Body({ schema: poolPlanBody }) body: PoolPlanBody): Promise<PoolView> {
    return this.service.replace(body, caller.id);
  }
}
