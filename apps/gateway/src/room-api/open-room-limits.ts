import { Injectable } from '@nestjs/common';
import { Allowance } from './allowance.js';

/** What one address may do at the drop-in rooms, of one gateway. */
@Injectable()
export class OpenRoomLimits {
  joins = new Allowance(100, 600);
  newRooms = new Allowance(10, 200);
}
