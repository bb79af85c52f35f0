/** The API key: in the memory of this page and nowhere else. Null: none is needed, or none was given. */
let key = null;

/** A reply that is not 2xx, or none. `status` is 0 without a reply. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? 'The gateway does not answer');
    this.status = status;
    this.code = problem.code ?? 'no-reply';
    this.problem = problem;
  }
}

export function useKey(given) {
  key = given;
}

/** Whether a key was given. */
export function hasKey() {
  return key !== null;
}

/** The header of a request, or null if there is no key. */
export function authorization() {
  return key === null ? null : `Bearer ${key}`;
}

const TIMEOUT_MS = 10_000;

/** @throws ApiError */
export async function api(path, { body } = {}) {
  const headers = key === null ? {} : { authorization: authorization() };
  if (body !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'x-console': '1' });
  const request = { method: body === undefined ? 'GET' : 'POST', headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) request.body = JSON.stringify(body);
  let response;
  let document;
  try {
    response = await fetch(`/console/api${path}`, request);
    document = await response.json();
  } catch {
    throw new ApiError(response?.status ?? 0, {});
  }
  if (!response.ok) throw new ApiError(response.status, document);
  return document;
}

/** `?a=1&b=2` of what is given; empty values are left out. */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

/** What is wrong with what was sent, in words. */
export function explain(error) {
  const details = (error.problem?.errors ?? []).map(
    ({ detail, parameter, pointer }) => `${parameter ?? pointer}: ${detail}`,
  );
  return details.length === 0 ? error.message : details.join('; ');
}
