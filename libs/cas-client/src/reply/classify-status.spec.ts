import { describe, expect, it } from '@jest/globals';
import { classifyStatus, type StatusMeans } from './classify-status.js';

const CASES: [StatusMeans, number[]][] = [
  ['token', [200]],
  ['redirect', [301, 302, 303, 307, 308]],
  ['busy', [429]],
  ['unavailable', [408, 425, 500, 501, 502, 503, 504, 520, 529, 599]],
  ['credentials-rejected', [401, 403]],
  ['rejected', [400, 402, 404, 405, 409, 410, 418, 422, 451, 499]],
  ['bad-reply', [101, 201, 202, 204, 206, 299, 300, 304, 305, 399, 600, 999]],
];

describe('sortStatus', () => {
  it.each(CASES)('classifies %s', (means, statuses) => {
    expect(statuses.map(classifyStatus)).toEqual(statuses.map(() => means));
  });
});
