import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';

/** Replies held by the `hang` fault. */
@Injectable()
export class HeldReplies {
  private readonly held = new Map<ServerResponse, () => void>();

  /** Number of replies held now. */
  get count(): number {
    return this.held.size;
  }

  /** Resolves when the reply is released, or when the client disconnects. */
  hold(response: ServerResponse): Promise<'released' | 'disconnected'> {
    return new Promise((resolve) => {
      if (response.destroyed || response.socket?.destroyed === true) {
        resolve('disconnected');
        return;
      }
      const disconnected = (): void => {
        this.held.delete(response);
        resolve('disconnected');
      };
      response.once('close', disconnected);
      this.held.set(response, () => {
        response.off('close', disconnected);
        resolve('released');
      });
    });
  }

  /** Releases all held replies and returns their number. */
  release(): number {
    const released = [...this.held.values()];
    this.held.clear();
    for (const release of released) release();
    return released.length;
  }
}
