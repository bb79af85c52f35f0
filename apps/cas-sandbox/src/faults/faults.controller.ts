import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { parseCommand } from './parse-command.js';
import { type Fault, faultSchema } from './fault.js';
import { Faults } from './faults.js';
import { HeldReplies } from './held-replies.js';

/** Commands for tests and developers. They need no credentials: the sandbox does not run in production. */
@Controller('sandbox')
export class FaultsController {
  constructor(
    private readonly faults: Faults,
    private readonly held: HeldReplies,
  ) {}

  @Post('faults')
  add(@Body() body: unknown): { faults: readonly Fault[] } {
    this.faults.add(parseCommand(faultSchema, body));
    return this.list();
  }

  @Get('faults')
  list(): { faults: readonly Fault[] } {
    return { faults: this.faults.list() };
  }

  /** Also releases held replies. */
  @Delete('faults')
  clear(): { released: number } {
    this.faults.clear();
    return this.release();
  }

  @Post('release')
  @HttpCode(200)
  release(): { released: number } {
    return { released: this.held.release() };
  }

  @Get('held')
  heldCount(): { held: number } {
    return { held: this.held.count };
  }
}
