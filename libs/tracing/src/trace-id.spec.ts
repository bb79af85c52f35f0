import { describe, expect, it } from '@jest/globals';
import { traceIdIn } from './trace-id.js';

const ID = '0af7651916cd43dd8448eb211c80319c';

describe('the trace id of a caller', () => {
  it('is that of a valid traceparent', () => {
    expect(traceIdIn(`00-${ID}-b7ad6b7169203331-01`)).toBe(ID);
    expect(traceIdIn(`cc-${ID}-b7ad6b7169203331-01-what-the-future-brings`)).toBe(ID);
  });

  it.each([
    undefined,
    '',
    ID,
    `ff-${ID}-b7ad6b7169203331-01`,
    `00-${ID.toUpperCase()}-b7ad6b7169203331-01`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${ID}-b7ad6b7169203331`,
    `00-${ID}-b7ad6b7169203331-011`,
    `x00-${ID}-b7ad6b7169203331-01`,
  ])('is none otherwise: %s', (header) => {
    expect(traceIdIn(header)).toBeUndefined();
  });

  it('is none of several headers', () => {
    expect(traceIdIn([`00-${ID}-b7ad6b7169203331-01`])).toBeUndefined();
  });
});
