/** One event of a stream. */
export interface ServerSentEvent {
  /** The last id that the stream has named; '' when it has named none. */
  id: string;
  type: string;
  data: string;
}

/** Takes text in pieces of any size and gives the events that are complete. Comments, such as heartbeats, give none. */
export function createParser(): (text: string) => ServerSentEvent[] {
  let [rest, id, type] = ['', '', ''];
  let data: string[] = [];
  return (text) => {
    const found: ServerSentEvent[] = [];
    // A CR at the very end may be half of a CRLF: it waits.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, field = '', value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
      if (field === 'data') data.push(value);
      else if (field === 'event') type = value;
      else if (field === 'id' && !value.includes('\0')) id = value;
      if (line !== '') continue;
      if (data.length > 0) found.push({ id, type: type || 'message', data: data.join('\n') });
      type = '';
      data = [];
    }
    return found;
  };
}

/** The events of a body, until it ends, breaks or is silent for `silenceMs`: whoever reads then connects again. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parse = createParser();
  try {
    for (;;) {
      const chunk = await within(silenceMs, reader.read()).catch(() => undefined);
      if (chunk?.value === undefined) return;
      yield* parse(decoder.decode(chunk.value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  return Promise.race([work, silence]).finally(() => {
    clearTimeout(timer);
  });
}
