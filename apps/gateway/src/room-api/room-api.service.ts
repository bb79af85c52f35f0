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

/** The caller of the drop-in rooms, which take no credential: there is none that could end. */
export function anonymous(address: string): Caller {
  return {
    id: 'room-api',
    quotaKey: `address:${address}`,
    principal: { kind: 'anonymous' },
    scopes: new Set(['rooms:open', 'tokens:read']),
    ratePerS: null,
    revalidate: () => Promise.resolve(),
  };
}

/** How long a room counts as existing without another lookup, in ms. Covers the burst of one kick-off. */
const CACHE_TTL_MS = 5000;
const CACHE_MAX_ROOMS = 10_000;

/** Where a request comes from, and a signal that aborts when its client is gone. */
export interface Visitor {
  address: string;
  closed: () => AbortSignal;
}

export interface RoomApiRoom {
  name: string;
  session: SessionRecord;
}

/** Rooms of the drop-in adapter: ordinary sessions in a namespace of their own, with rate limits. */
@Injectable()
export class RoomApiService {
  /** Rooms found or charged for recently: a burst of joiners counts as one new room. */
  private readonly known = new LRUCache<string, true>({ max: CACHE_MAX_ROOMS, ttl: CACHE_TTL_MS });

  constructor(
    private readonly sessions: SessionsService,
    private readonly rooms: RoomsRepository,
    private readonly limits: RoomApiLimits,
    @Inject(ConfigService) private readonly config: SettingsService<'roomApi'>,
  ) {}

  /** Gets or creates the room. @throws ProblemError 429 before anything is created */
  async join({ address, closed }: Visitor, { name = newRoomName(), fields }: CreateRoomBody): Promise<RoomApiRoom> {
    const preference = this.waitPreference(closed);
    this.consume(this.limits.joins, address);
    const room = ROOM_API_PREFIX + name;
    await this.admit(address, room);
    const body = { products: [...PRODUCTS], metadata: fields };
    return { name, session: (await this.sessions.openRoom(anonymous(address), room, body, preference)).session };
  }

  /** The room, if it exists. */
  async read({ address, closed }: Visitor, name: string): Promise<RoomApiRoom> {
    const preference = this.waitPreference(closed);
    this.consume(this.limits.joins, address);
    const room = ROOM_API_PREFIX + name;
    const session = await this.sessions.readRoom(anonymous(address), room, preference).catch((error: unknown) => {
      throw error instanceof ProblemError && error.code === 'not-found' ? new RoomNotFoundError() : error;
    });
    if (session.status === 'closed' || session.status === 'expired') throw new RoomNotFoundError();
    return { name, session };
  }

  /** A lookup tells whether the room is new. */
  private async admit(address: string, room: string): Promise<void> {
    if (this.known.has(room)) return;
    const found = await this.rooms.findLive(room);
    if (found === null && !this.known.has(room)) this.consume(this.limits.newRooms, address);
    this.known.set(room, true);
  }

  private consume(bucket: TokenBucket, address: string): void {
    if (!bucket.take(address)) throw new ProblemError('rate-limited');
  }

  private waitPreference(closed: Visitor['closed']): WaitPreference {
    return { since: performance.now(), waitS: this.config.get('roomApi', { infer: true }).waitS, closed };
  }
}

/** Worded as clients of this contract expect it. */
class RoomNotFoundError extends ProblemError {
  constructor() {
    super('not-found', { detail: 'Room not found' });
  }
}
