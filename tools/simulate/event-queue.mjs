// A binary heap of events, the earliest first; events of one time in the order in which they were added.
export class EventQueue {
  #heap = [];
  #added = 0;

  push(t, i, step) {
    const heap = this.#heap;
    const event = { t, i, step, order: this.#added++ };
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!earlier(event, heap[above])) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = event;
  }

  pop() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let below = 2 * at + 1;
        if (below >= heap.length) break;
        if (below + 1 < heap.length && earlier(heap[below + 1], heap[below])) below++;
        if (!earlier(heap[below], last)) break;
        heap[at] = heap[below];
        at = below;
      }
      heap[at] = last;
    }
    return first;
  }
}

function earlier(a, b) {
  return a.t < b.t || (a.t === b.t && a.order < b.order);
}
