import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';

/** Replies that the `hang` fault holds back. */
@Injectable()
export class HeldReplies {
  private readonly held = new Map<ServerResponse, () => void>();

  get count(): number {
    return this.held.size;
  }

  /** Settles when the reply is released, or when its caller is gone. */
  hold(response: ServerResponse): Promise<'released' | 'gone'> {
    return new Promise((resolve) => {
      if (response.destroyed || response.socket?.destroyed === true) {
        resolve('gone');
        return;
      }
      const gone = (): void => {
        this.held.delete(response);
        resolve('gone');
      };
      response.once('close', gone);
      this.held.set(response, () => {
        response.off('close', gone);
        resolve('released');
      });
    });
  }

  /** Lets all of them go, and says how many. */
  release(): number {
    const released = [...this.held.values()];
    this.held.clear();
    for (const release of released) release();
    return released.length;
  }
}
