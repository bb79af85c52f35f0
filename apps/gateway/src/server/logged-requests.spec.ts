import { describe, expect, it } from '@jest/globals';
import { isLogged, type LoggedRequests } from './logged-requests.js';

const STATUSES = [200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 431, 500, 503];
const logged = (setting: LoggedRequests) => STATUSES.filter((status) => isLogged(setting, status));

describe('the lines of requests in the log', () => {
  it('are of all requests', () => {
    expect(logged('all')).toEqual(STATUSES);
  });

  it('or of those that did not get what they asked for', () => {
    expect(logged('errors')).toEqual([400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 431, 500, 503]);
  });

  it('or of refusals and faults alone, which cannot be turned off', () => {
    expect(logged('off')).toEqual([401, 403, 409, 422, 429, 500, 503]);
  });
});
