import { ConfigService, type SettingsService } from '@app/config';
import { RoomsRepository, type SessionRecord } from '@app/entities';
import { newRoomName, PRODUCTS } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../access/caller.js';
import { Problem } from '../problems/problem.js';
import type { Patience } from '../sessions/patience.js';
import { OPEN_ROOM } from '../sessions/room-name.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { Allowance } from './allowance.js';
import { OpenRoomLimits } from './open-room-limits.js';
import type { Creation } from './open-room.schemas.js';

/** Whoever comes through this door: nobody asks who it is. */
export const ANYBODY: Caller = {
  id: 'room-api',
  who: { kind: 'anybody' },
  scopes: new Set(['rooms:open', 'tokens:read']),
  ratePerS: null,
};

/** How long a room counts as there without another look, in ms. Long enough for the crowd of one kick-off. */
const REMEMBERED_MS = 5000;
const REMEMBERED_ROOMS = 10_000;

export interface OpenRoom {
  name: string;
  session: SessionRecord;
}

/** Rooms of the drop-in adapter: the same sessions as everywhere, in a namespace of their own, with limits. */
@Injectable()
export class OpenRooms {
  /** Rooms that were there or were paid for just now: those who come together are one new room, not many. */
  private readonly known = new LRUCache<string, true>({ max: REMEMBERED_ROOMS, ttl: REMEMBERED_MS });

  constructor(
    private readonly sessions: SessionsService,
    private readonly rooms: RoomsRepository,
    private readonly limits: OpenRoomLimits,
    @Inject(ConfigService) private readonly config: SettingsService<'roomApi'>,
  ) {}

  /** Gets the room, or makes it. @throws Problem 429 before anything is made */
  async join(address: string, { name = newRoomName(), fields }: Creation): Promise<OpenRoom> {
    const patience = this.patience();
    this.charge(this.limits.joins, address);
    const room = OPEN_ROOM + name;
    await this.admit(address, room);
    const body = { products: [...PRODUCTS], metadata: fields };
    return { name, session: (await this.sessions.openRoom(ANYBODY, room, body, patience)).session };
  }

  /** The room, if it is there. */
  async read(address: string, name: string): Promise<OpenRoom> {
    const patience = this.patience();
    this.charge(this.limits.joins, address);
    const session = await this.sessions.readRoom(OPEN_ROOM + name, patience).catch((error: unknown) => {
      throw error instanceof Problem && error.code === 'not-found' ? new RoomNotFound() : error;
    });
    if (session.status === 'closed' || session.status === 'expired') throw new RoomNotFound();
    return { name, session };
  }

  /** Only a look tells whether a room is new. */
  private async admit(address: string, room: string): Promise<void> {
    if (this.known.has(room)) return;
    const found = await this.rooms.findLive(room);
    if (found === null && !this.known.has(room)) this.charge(this.limits.newRooms, address);
    this.known.set(room, true);
  }

  private charge(allowance: Allowance, address: string): void {
    if (!allowance.take(address)) throw new Problem('rate-limited');
  }

  private patience(): Patience {
    return { since: performance.now(), waitS: this.config.get('roomApi', { infer: true }).waitS };
  }
}

/** In the words that the clients of this contract know. */
class RoomNotFound extends Problem {
  constructor() {
    super('not-found', { detail: 'Room not found' });
  }
}
