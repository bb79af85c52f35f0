import { newChatTokenId } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DeadlineFailures } from './deadline-failures.js';
import { LiveSessions, type Opened } from './live-sessions.js';
import { NewSessions } from './new-sessions.js';
import type { SessionRecord } from './session-record.js';

export interface ChatTokenOpening {
  /** The user whom the token is for. */
  subject: string;
  createdBy: string;
  /** Maximum time in `pending`, in s. */
  deadlineS: number;
}

/**
 * Users and their tokens of the public chat, at most one live token for each. A chat token is a session of its own kind:
 * publishing, waiting, sweeping, retrying and closing it is by its id, as for any session.
 */
@Injectable()
export class ChatTokensRepository {
  private readonly live: LiveSessions;

  constructor(database: Database, deadlineFailures: DeadlineFailures, newSessions: NewSessions) {
    this.live = new LiveSessions('chatSubject', database, deadlineFailures, newSessions);
  }

  /** The live token of a user; one past its expiry is no longer live. The record is shared and must not be modified. */
  async findLive(subject: string): Promise<SessionRecord | null> {
    return this.live.find(subject);
  }

  /** Gets or creates the live token of a user. */
  async open({ subject, createdBy, deadlineS }: ChatTokenOpening): Promise<Opened> {
    const session = {
      ...{ id: newChatTokenId(), room: null, chatSubject: subject, products: ['chat' as const], metadata: {} },
      ...{ createdBy, deadlineS },
    };
    return this.live.open(subject, { session });
  }
}
