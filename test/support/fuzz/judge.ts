import { PROBLEMS, type ProblemCode } from '../../../apps/gateway/src/problems/problem-codes.js';
import { faultsOf, type Operation, operations, type Placed, type Response } from '../openapi.js';
import type { FuzzRequest, WireRequest } from './request.js';
import type { FuzzReply } from './send.js';

const SESSION = { $ref: '#/components/schemas/Session' };
const SEATS = {
  type: 'object',
  properties: { participants: { type: 'integer' }, viewers: { type: 'integer' } },
  required: ['participants', 'viewers'],
  additionalProperties: false,
};
const PROBLEM_TYPE = 'application/problem+json';
/** Codes that no request gets in which everything is as the document asks for it. */
const NEVER_HONEST = ['malformed', 'validation-failed', 'unsupported-media-type', 'unauthenticated', 'uri-too-long'];

/** What the document says of a request: its operation, or the methods that the path has, or nothing. */
export interface Meant {
  operation?: Operation;
  path: string;
  methods: string[];
}

/** Everything in which a reply differs from what the document promises. */
export function complaints(fuzzed: FuzzRequest, sent: WireRequest, reply: FuzzReply): string[] {
  const { status, headers, text } = reply;
  const found: string[] = [];
  const expect = (holds: boolean, complaint: string): void => {
    if (!holds) found.push(complaint);
  };
  const meant = meantBy(sent);
  const type = /^[^;]*/.exec(String(headers['content-type'] ?? ''))?.[0] ?? '';
  const body: unknown = type.endsWith('json') && text !== '' ? parsed(text) : undefined;
  const problem = type === PROBLEM_TYPE ? (body as Record<string, unknown> | undefined) : undefined;

  expect(status < 500, `it is a ${status}`);
  expect(/^req_\w+$/.test(String(headers['request-id'])), 'it has no Request-Id');
  if (/^\/(?:v1|room)\//.test(meant.path)) {
    expect(headers['cache-control'] === 'no-store', 'it has no Cache-Control: no-store');
  }
  const response = documented(meant, status, problem?.code);
  if (response === undefined) found.push(`${status} ${text.slice(0, 200)} is not documented`);
  else found.push(...differences(response, sent.method, { type, body, text, headers }));

  if (problem !== undefined) found.push(...problemFaults(problem, reply));
  if (type === 'text/event-stream') found.push(...eventFaults(text));
  if (meant.operation === undefined && meant.methods.length > 0 && status === 405) {
    expect(sameMembers(String(headers.allow).split(', '), meant.methods), `Allow is ${String(headers.allow)}`);
  }
  if (fuzzed.honest) {
    const refused = problem === undefined ? status === 400 : NEVER_HONEST.includes(String(problem.code));
    // Of a session without a room, whatever the request says.
    const cannotRotate = status === 422 && meant.operation?.operationId === 'rotateSession';
    expect(!refused || cannotRotate, 'it refuses what the document allows');
  }
  return found;
}

/** The document's word on a reply. */
function documented({ operation, path, methods }: Meant, status: number, code: unknown): Response | undefined {
  const own = operation?.responses[String(status)];
  if (own !== undefined) return own;
  const anywhere = operation?.responses.default ?? nowhere(path);
  const codes = Object.values(anywhere?.content?.[PROBLEM_TYPE]?.examples ?? {})
    .map(({ value }) => value as { code: ProblemCode })
    .filter((example) => (code === undefined ? PROBLEMS[example.code].status === status : example.code === code));
  if (codes.length > 0 && (status !== 405 || (operation === undefined && methods.length > 0))) return anywhere;
  return methods.length === 0 && status === 404 ? anywhere : undefined;
}

/** What every path answers, taken from one of its neighbourhood. */
function nowhere(path: string): Response | undefined {
  const isRoom = path === '/room' || path.startsWith('/room/');
  return operations.find((placed) => placed.path.startsWith(isRoom ? '/room/' : '/v1/'))?.operation.responses.default;
}

function differences(
  response: Response,
  method: string,
  { type, body, text, headers }: { type: string; body: unknown; text: string; headers: FuzzReply['headers'] },
): string[] {
  const missing = Object.keys(response.headers ?? {}).filter((name) => headers[name.toLowerCase()] === undefined);
  const found = missing.map((name) => `it has no ${name}`);
  if (method === 'HEAD') return text === '' ? found : [...found, 'it has a body'];
  if (response.content === undefined) return text === '' ? found : [...found, 'it has a body'];
  const media = response.content[type];
  if (media === undefined) return [...found, `its media type is ${type}`];
  const faults = faultsOf(media.schema, type.endsWith('json') ? body : text);
  return faults.length === 0 ? found : [...found, `its body differs: ${JSON.stringify(faults)}`];
}

function problemFaults(problem: Record<string, unknown>, { status, headers }: FuzzReply): string[] {
  const of = PROBLEMS[problem.code as ProblemCode];
  const is = { status: problem.status, title: problem.title, retryable: problem.retryable, type: problem.type };
  const should = { ...of, type: `urn:watchtogether:problem:${String(problem.code)}` };
  return [
    ...(status === of.status ? [] : [`${String(problem.code)} came with ${status}`]),
    ...(['status', 'title', 'retryable', 'type'] as const)
      .filter((name) => is[name] !== should[name])
      .map((name) => `its ${name} is ${String(is[name])}`),
    ...(problem.requestId === headers['request-id'] ? [] : ['its requestId is not its Request-Id']),
  ];
}

function eventFaults(text: string): string[] {
  return [...text.matchAll(/^event: (.*)\n(?:id: .*\n)?data: (.*)$/gm)].flatMap(([, event, data = '']) => {
    const session = JSON.parse(data) as Record<string, unknown>;
    const faults = faultsOf(event === 'seats' ? SEATS : SESSION, session);
    return [
      ...(faults.length === 0 ? [] : [`its event differs: ${JSON.stringify(faults)}`]),
      ...('tokens' in session ? ['its event has tokens'] : []),
    ];
  });
}

// ---- where a request leads ------------------------------------------------------------------------------------------

export function meantBy({ method, target }: Pick<WireRequest, 'method' | 'target'>): Meant {
  const path = pathOf(target);
  const wanted = method === 'HEAD' ? 'GET' : method;
  // The router enters a route with an empty parameter: who is let in learns that there is nothing.
  const [best] = operations
    .filter((placed) => placed.method === wanted && matches(placed.path, path.replace(/\/(?=\/|$)/g, '/-')))
    .sort(byParameters);
  const methods = operations.filter((placed) => matches(placed.path, path)).map((placed) => placed.method);
  return {
    ...(best !== undefined && { operation: best.operation }),
    path,
    methods: methods.includes('GET') ? [...methods, 'HEAD'] : methods,
  };
}

/** A path without parameters comes before one that has some. */
const byParameters = (a: Placed, b: Placed): number => a.path.split('{').length - b.path.split('{').length;

function matches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => (part.startsWith('{') ? given[i] !== '' : part === given[i]))
  );
}

/** The path of a target, without the origin that it may begin with, and letters as letters. */
function pathOf(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/]*/, '').split(/[?#]/);
  return path.replace(/%(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])/gi, (escaped) => decodeURIComponent(escaped));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sameMembers(a: string[], b: string[]): boolean {
  return a.length === new Set(b).size && a.every((one) => b.includes(one));
}
