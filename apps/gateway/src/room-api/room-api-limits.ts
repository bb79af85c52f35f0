import { Injectable } from '@nestjs/common';
import { TokenBucket } from './token-bucket.js';

/** What one address may do at the drop-in rooms, of one gateway. */
@Injectable()
export class RoomApiLimits {
  joins = new TokenBucket(100, 600);
  newRooms = new TokenBucket(10, 200);
}
