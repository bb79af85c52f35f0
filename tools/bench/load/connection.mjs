// HTTP/1.1 on a raw socket: a keep-alive connection that sends prepared requests and reads replies by their
// Content-Length. An HTTP library would cost more than the servers that are measured.
import { connect } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** A request as bytes. `headers` are names and values; a body is sent as JSON. */
export function requestBytes(method, path, headers = {}, body) {
  const text = body === undefined ? '' : JSON.stringify(body);
  const all = { host: '127.0.0.1', ...headers };
  if (body !== undefined) Object.assign(all, { 'content-type': 'application/json', 'content-length': text.length });
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`);
}

export class Connection {
  /** `onReply(status, head, body)` is called once per reply, in order; `onEnd(error)` if the connection ends unasked. */
  constructor(port, onReply, onEnd) {
    this.onReply = onReply;
    this.onEnd = onEnd;
    this.rest = NOTHING;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.on('error', (error) => this.end(error));
    this.socket.on('close', () => this.end(new Error('the server closed the connection')));
  }

  send(bytes) {
    this.socket.write(bytes);
  }

  close() {
    this.onEnd = () => undefined;
    this.socket.destroy();
  }

  end(error) {
    const { onEnd } = this;
    this.close();
    onEnd(error);
  }

  read(chunk) {
    let buffer = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (;;) {
      const end = buffer.indexOf(END_OF_HEAD);
      if (end < 0) break;
      const head = buffer.latin1Slice(0, end);
      const status = Number(head.slice(9, 12));
      const length = status === 204 ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? NaN);
      if (Number.isNaN(length)) return this.end(new Error(`a reply without Content-Length:\n${head}`));
      const total = end + END_OF_HEAD.length + length;
      if (buffer.length < total) break;
      const body = buffer.subarray(total - length, total);
      buffer = buffer.subarray(total);
      this.onReply(status, head, body);
    }
    this.rest = buffer;
  }
}
