import { connect } from 'node:net';

export interface RawReply {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  text: string;
}

/**
 * Sends bytes as they are, for what no HTTP client can be made to send, and reads the one reply until the server
 * closes the connection or the reply is whole.
 */
export function sendRaw(url: string, bytes: string | Buffer, timeoutMs = 10_000): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const timer = setTimeout(() => {
      finish(new Error('no whole reply in time'));
    }, timeoutMs);
    const finish = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      const reply = parse(Buffer.concat(chunks).toString('utf8'));
      if (reply !== null) resolve(reply);
      else reject(error ?? new Error('the connection was closed without a whole reply'));
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (parse(Buffer.concat(chunks).toString('utf8')) !== null) finish();
    });
    socket.on('error', finish);
    socket.on('close', () => {
      finish();
    });
  });
}

/** Null while the reply is not whole. */
function parse(text: string): RawReply | null {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  if (rest.length === 0) return null;
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = rest.join('\r\n\r\n');
  if (Buffer.byteLength(body) < Number(headers['content-length'] ?? 0)) return null;
  return { status: Number(statusLine.split(' ')[1]), headers, text: body };
}
