import { Controller, Get } from '@nestjs/common';

@Controller('livez')
export class LivezController {
  @Get()
  livez(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
