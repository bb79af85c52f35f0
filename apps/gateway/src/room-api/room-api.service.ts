import { ConfigService, type SettingsService } from '@app/config';
import { RoomsRepository, type SessionRecord } from '@app/entities';
import { newRoomName, PRODUCTS } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../auth/caller.js';
import { ProblemError } from '../problems/problem.js';
import type { WaitPreference } from '../http/prefer-wait.js';
import { ROOM_API_PREFIX } from '../sessions/room-name.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { TokenBucket } from './token-bucket.js';
import { RoomApiLimits } from './room-api-limits.js';
import type { CreateRoomBody } from './room-api.schemas.js';

/** Whoever comes through this door: nobody asks who it is. */
export const ANONYMOUS: Caller = {
  id: 'room-api',
  principal: { kind: 'anonymous' },
  scopes: new Set(['rooms:open', 'tokens:read']),
  ratePerS: null,
};

/** How long a room counts as there without another look, in ms. Long enough for the crowd of one kick-off. */
const CACHE_TTL_MS = 5000;
const CACHE_MAX_ROOMS = 10_000;

export interface RoomApiRoom {
  name: string;
  session: SessionRecord;
}

/** Rooms of the drop-in adapter: the same sessions as everywhere, in a namespace of their own, with limits. */
@Injectable()
export class RoomApiService {
  /** Rooms that were there or were paid for just now: those who come together are one new room, not many. */
  private readonly known = new LRUCache<string, true>({ max: CACHE_MAX_ROOMS, ttl: CACHE_TTL_MS });

  constructor(
    private readonly sessions: SessionsService,
    private readonly rooms: RoomsRepository,
    private readonly limits: RoomApiLimits,
    @Inject(ConfigService) private readonly config: SettingsService<'roomApi'>,
  ) {}

  /** Gets the room, or makes it. @throws ProblemError 429 before anything is made */
  async join(address: string, { name = newRoomName(), fields }: CreateRoomBody): Promise<RoomApiRoom> {
    const patience = this.waitPreference();
    this.consume(this.limits.joins, address);
    const room = ROOM_API_PREFIX + name;
    await this.admit(address, room);
    const body = { products: [...PRODUCTS], metadata: fields };
    return { name, session: (await this.sessions.openRoom(ANONYMOUS, room, body, patience)).session };
  }

  /** The room, if it is there. */
  async read(address: string, name: string): Promise<RoomApiRoom> {
    const patience = this.waitPreference();
    this.consume(this.limits.joins, address);
    const session = await this.sessions.readRoom(ROOM_API_PREFIX + name, patience).catch((error: unknown) => {
      throw error instanceof ProblemError && error.code === 'not-found' ? new RoomNotFoundError() : error;
    });
    if (session.status === 'closed' || session.status === 'expired') throw new RoomNotFoundError();
    return { name, session };
  }

  /** Only a look tells whether a room is new. */
  private async admit(address: string, room: string): Promise<void> {
    if (this.known.has(room)) return;
    const found = await this.rooms.findLive(room);
    if (found === null && !this.known.has(room)) this.consume(this.limits.newRooms, address);
    this.known.set(room, true);
  }

  private consume(allowance: TokenBucket, address: string): void {
    if (!allowance.take(address)) throw new ProblemError('rate-limited');
  }

  private waitPreference(): WaitPreference {
    return { since: performance.now(), waitS: this.config.get('roomApi', { infer: true }).waitS };
  }
}

/** In the words that the clients of this contract know. */
class RoomNotFoundError extends ProblemError {
  constructor() {
    super('not-found', { detail: 'Room not found' });
  }
}
