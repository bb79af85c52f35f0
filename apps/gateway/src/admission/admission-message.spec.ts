import { describe, expect, it } from '@jest/globals';
import { parseAdmissionDecision, plainText } from './admission-message.js';

describe('a decision', () => {
  it('is taken from what says so, whatever else is there', () => {
    expect(parseAdmissionDecision('{"allow":true,"reason":"of no interest","more":1}')).toEqual({ allow: true });
    expect(parseAdmissionDecision('{"allow":false}')).toEqual({ allow: false, reason: null });
    expect(parseAdmissionDecision('{"allow":false,"reason":null}')).toEqual({ allow: false, reason: null });
    expect(parseAdmissionDecision('{"allow":false,"reason":"no ticket"}')).toEqual({
      allow: false,
      reason: 'no ticket',
    });
  });

  it.each(['', 'true', '{}', '[]', 'null', '{"allow":"true"}', '{"allow":1}', '{"allow":null}', '{"Allow":true}', '{'])(
    'is never guessed from %j',
    (text) => {
      expect(() => parseAdmissionDecision(text)).toThrow();
    },
  );
});

describe('a reason', () => {
  it('is one line of plain text', () => {
    expect(plainText('  first\r\nsecond\tthird\u0000\u001b[31m\u202e end ')).toBe('first second third [31m end');
    expect(plainText(' \n ')).toBeNull();
    expect(plainText('a\ud800b')).toBe('a\ufffdb');
  });

  it('has at most 200 characters, and no half ones', () => {
    expect(plainText('x'.repeat(500))).toBe('x'.repeat(200));
    expect(plainText('😀'.repeat(300))).toBe('😀'.repeat(200));
  });
});
