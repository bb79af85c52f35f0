import { Controller, Delete, Get, HttpCode, Query } from '@nestjs/common';
import { Journal } from './journal.js';

@Controller('sandbox/journal')
export class JournalController {
  constructor(private readonly journal: Journal) {}

  /** All recorded calls, or with `?summary` the counts per product. */
  @Get()
  read(@Query() query: Record<string, unknown>): object {
    return 'summary' in query ? this.journal.summary() : { calls: this.journal.list() };
  }

  @Delete()
  @HttpCode(204)
  clear(): void {
    this.journal.clear();
  }
}
