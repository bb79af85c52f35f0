import { Injectable } from '@nestjs/common';
import { TokenBucket } from './token-bucket.js';

/** Limits of the drop-in rooms per address and gateway. */
@Injectable()
export class RoomApiLimits {
  joins = new TokenBucket(100, 600);
  newRooms = new TokenBucket(10, 200);
}
