import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP writes it in JSON. */
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes?: { key: string; value: Record<string, unknown> }[];
  links?: { traceId: string; spanId: string }[];
  events?: unknown[];
  status?: { code?: number; message?: string };
}

interface OtlpRequest {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: OtlpSpan[] }[];
  }[];
}

export interface Span {
  traceId: string;
  id: string;
  parent: string | undefined;
  name: string;
  service: string;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
  events: unknown[];
  failed: boolean;
}

/** A receiver of traces that speaks OTLP/HTTP with JSON, and can be told to refuse them. */
export class TraceReceiver {
  readonly spans: Span[] = [];
  /** All bodies, as they came. */
  readonly texts: string[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  /** What it answers with; with 0 it never answers. */
  status = 200;
  hanging = 0;
  /** The body of its answers. */
  reply: (request: { headers: IncomingHttpHeaders; text: string }) => string = () => '{}';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TraceReceiver> {
    const server = createServer();
    const receiver = new TraceReceiver(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const { url, headers } = request;
        receiver.headers.push(headers);
        receiver.texts.push(text);
        const isTraces = url === '/v1/traces' && headers['content-type'] === 'application/json';
        const status = isTraces ? receiver.status : 404;
        if (status === 0) {
          receiver.hanging++;
          return;
        }
        if (status < 300) receiver.spans.push(...spansIn(JSON.parse(text) as OtlpRequest));
        response.writeHead(status, { 'content-type': 'application/json' }).end(receiver.reply({ headers, text }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get env(): Record<string, string> {
    const { port } = this.server.address() as AddressInfo;
    return { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/` };
  }

  trace(traceId: string): Span[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function spansIn({ resourceSpans }: OtlpRequest): Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => toSpan(span, service)));
  });
}

function toSpan(
  { traceId, spanId, parentSpanId, name, attributes, links, events, status }: OtlpSpan,
  service: string,
): Span {
  return {
    traceId,
    id: spanId,
    parent: parentSpanId === '' ? undefined : parentSpanId,
    name,
    service,
    attributes: Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]])),
    links: links ?? [],
    events: events ?? [],
    failed: status?.code === 2,
  };
}

/** The spans below `root` with their children, in the order of their names: `{ 'GET /x': { 'SELECT sessions': {} } }`. */
export interface Tree {
  [name: string]: Tree;
}

/** The tree of a trace by names; those that occur twice below one span are numbered. */
export function treeOf(spans: readonly Span[], parent: string | undefined): Tree {
  const tree: Tree = {};
  const children = spans.filter((span) => span.parent === parent).sort((a, b) => a.name.localeCompare(b.name));
  for (const { name, id } of children) {
    const count = Object.keys(tree).filter((key) => key.replace(/ #\d+$/, '') === name).length;
    tree[count === 0 ? name : `${name} #${count + 1}`] = treeOf(spans, id);
  }
  return tree;
}
