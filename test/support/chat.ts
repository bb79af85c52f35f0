import type { Call, Client, Reply } from './client.js';

/** A chat token as the API shows it. */
export interface ChatToken {
  subject: string;
  status: string;
  token?: string;
  expiresAt: string | null;
  failure: { code: string; retryable: boolean } | null;
}

/** The chat tokens of a client's users, or of its own user by `me`. */
export const chatOf = (client: Client) => ({
  put: (subject: string, call: Call = {}): Promise<Reply<ChatToken>> =>
    client.send('PUT', `/v1/chat-tokens/${encodeURIComponent(subject)}`, call),
  get: (subject: string, call: Call = {}): Promise<Reply<ChatToken>> =>
    client.send('GET', `/v1/chat-tokens/${encodeURIComponent(subject)}`, call),
  end: (subject: string): Promise<Reply<undefined>> =>
    client.send('DELETE', `/v1/chat-tokens/${encodeURIComponent(subject)}`),
});

/** The claims of a token of the sandbox. */
export function claimsOf(token: string | undefined): { sub?: string; rid?: string } {
  return JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()) as { sub?: string; rid?: string };
}
