import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { scrub } from './scrub.js';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const JWT = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'x', exp: 1 })}.${randomBytes(32).toString('base64url')}`;
const SECRET = randomBytes(32).toString('hex');
const API_KEY = `wtk_abcd1234_${SECRET}`;

describe('scrub', () => {
  it.each([
    ['alone', JWT, '[token]'],
    ['in JSON', `{"x":"${JWT}","y":1}`, '{"x":"[token]","y":1}'],
    ['in JSON inside JSON', JSON.stringify({ x: JSON.stringify({ y: JWT }) }), String.raw`{"x":"{\"y\":\"[token]\"}"}`],
    ['in a header', `Authorization: Bearer ${JWT}`, 'Authorization: Bearer [token]'],
    ['in a URL', `https://cas.example/?token=${JWT}&x=1`, 'https://cas.example/?token=[token]&x=1'],
    ['twice', `${JWT} ${JWT}`, '[token] [token]'],
    ['encrypted, in five parts', `${JWT}.${JWT.split('.').slice(1).join('.')}`, '[token]'],
    ['without a signature', `${JWT.split('.').slice(0, 2).join('.')}.`, '[token]'],
  ])('masks a token %s', (_name, line, masked) => {
    expect(scrub(line)).toBe(masked);
  });

  it.each([
    ['in a header', `Authorization: Bearer wtt_${JWT}`, 'Authorization: Bearer [ticket]'],
    ['in a URL', `https://watch.example/demo#ticket=wtt_${JWT}&x`, 'https://watch.example/demo#ticket=[ticket]&x'],
    ['cut short', `{"x":"wtt_${JWT.slice(0, 30)}"}`, '{"x":"[ticket]"}'],
    ['beside a token', `wtt_${JWT} ${JWT}`, '[ticket] [token]'],
  ])('masks a ticket %s', (_name, line, masked) => {
    expect(scrub(line)).toBe(masked);
  });

  it('masks a webhook secret', () => {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    expect(scrub(`{"x":"wrong signature for ${secret}"}`)).toBe('{"x":"wrong signature for [webhook secret]"}');
  });

  it('masks an API key', () => {
    expect(scrub(`{"x":"Bearer ${API_KEY}"}`)).toBe('{"x":"Bearer [api key]"}');
  });

  it.each([
    ['postgres://user:hush@db:5432/x', 'postgres://user:[password]@db:5432/x'],
    ['redis://:hush@redis:6379', 'redis://:[password]@redis:6379'],
    [
      'see rediss://default:hush@r and postgresql://u:hush@d',
      'see rediss://default:[password]@r and postgresql://u:[password]@d',
    ],
    ['postgres://user:hush@hush@db/x', 'postgres://user:[password]@db/x'],
    ['{"url":"postgres://u:hush@db/x"}', '{"url":"postgres://u:[password]@db/x"}'],
  ])('masks the password in %s', (line, masked) => {
    expect(scrub(line)).toBe(masked);
    expect(scrub(line)).not.toContain('hush');
  });

  it.each([
    '{"level":30,"time":1764000000000,"sessionId":"ses_4vX9cQm2LrT7wKz0BnYh1D","msg":"request"}',
    'https://cas.example/watch/token?x=1',
    'postgres://db:5432/x',
    'keys start with wtk_',
    'tickets start with wtt_',
    'eyJ',
  ])('leaves %s unchanged', (line) => {
    expect(scrub(line)).toBe(line);
  });
});
