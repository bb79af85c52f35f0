/** A request as it was made up. Sessions stand in it by number: which ones there are is known when it is sent. */
export interface FuzzRequest {
  /** The operation that it was made up for; where it leads is another matter. */
  made: string;
  method: string;
  target: (string | { session: number } | { seat: number })[];
  headers: [name: string, value: string][];
  body: string | Buffer | null;
  /** Nothing was put into it that the document forbids. */
  honest: boolean;
}

/** The request as it goes over the wire. */
export interface WireRequest {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: string | Buffer | null;
}

/** What a request may lead to: sessions, and seats of some of them. */
export interface FuzzTargets {
  sessions: readonly string[];
  seats: readonly { session: string; id: string }[];
}

/** A seat stands in a target behind its own session. */
export function toWire({ method, target, headers, body }: FuzzRequest, { sessions, seats }: FuzzTargets): WireRequest {
  const numbers = target.flatMap((part) => (typeof part === 'object' && 'seat' in part ? [part.seat] : []));
  const [number] = numbers;
  const seat = number === undefined ? undefined : seats[number % seats.length];
  const parts = target.map((part) => {
    if (typeof part === 'string') return part;
    if ('seat' in part) return seat?.id ?? 'none';
    return seat?.session ?? sessions[part.session % sessions.length];
  });
  return { method, target: parts.join(''), headers, body };
}

/** The request for a shell, to try it by hand. */
export function curl(base: string, { method, target, headers, body }: WireRequest): string {
  const asked = method === 'HEAD' ? ['--head'] : ['-X', quoted(method)];
  // curl sends no header that is empty, but for one that ends in a semicolon.
  const named = headers.flatMap(([name, value]) => [
    '-H',
    quoted(value === '' ? `${name};` : `${name}: ${value}`, 'latin1'),
  ]);
  const sent = body === null ? [] : ['--data-binary', quoted(body)];
  const where = target.startsWith('/')
    ? [quoted(base + target, 'latin1')]
    : ['--request-target', quoted(target, 'latin1'), quoted(base)];
  return ['curl', '-i', '--globoff', '--path-as-is', ...asked, ...named, ...sent, ...where].join(' ');
}

function quoted(text: string | Buffer, encoding: BufferEncoding = 'utf8'): string {
  const bytes = typeof text === 'string' ? Buffer.from(text, encoding) : text;
  const plain = bytes.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x27);
  if (plain) return `'${bytes.toString('latin1')}'`;
  const escaped = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `$'${escaped.join('')}'`;
}
