/** What requests are about, by number: which ones there are is known when a request is sent. */
export interface Subjects {
  session: string[];
  webhook: string[];
  delivery: { webhook: string; id: string }[];
}

type Subject = { [K in keyof Subjects]: Record<K, number> }[keyof Subjects];

/** A request as it was made up. */
export interface FuzzRequest {
  /** The operation that it was made up for; where it leads is another matter. */
  made: string;
  method: string;
  target: (string | Subject)[];
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

export function toWire({ method, target, headers, body }: FuzzRequest, subjects: Subjects): WireRequest {
  // A delivery is named with its own webhook, which stands before it.
  const delivery = target.find((part) => typeof part === 'object' && 'delivery' in part);
  const named = (part: Subject): string => {
    const [[kind, number] = ['session' as const, 0]] = Object.entries(delivery ?? part) as [keyof Subjects, number][];
    if (kind !== 'delivery') return subjects[kind][number % subjects[kind].length] ?? '';
    const { webhook = '', id = '' } = subjects.delivery[number % subjects.delivery.length] ?? {};
    return 'webhook' in part ? webhook : id;
  };
  const parts = target.map((part) => (typeof part === 'string' ? part : named(part)));
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
