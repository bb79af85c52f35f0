import { authorization } from './api.js';
import { h } from './dom.js';

/** BullMQ's own board, to read. It asks for its data by itself, with the key of this page. */
export class Queues {
  constructor(place) {
    const board = h('iframe', { className: 'board', src: '/console/api/board/', title: 'Queues of BullMQ' });
    board.authorization = authorization;
    place.replaceChildren(
      h('h1', { text: 'Queues' }),
      h('p', {
        className: 'soft',
        text: 'Jobs of BullMQ, to read. A finished job is removed: the session and the delivery are the record. The board refreshes by itself, also while this page is paused.',
      }),
      board,
    );
  }

  end() {}

  refresh() {}
}
