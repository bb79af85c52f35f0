import { ticketCaller } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { type Authentication, ended, isRejection } from './authentication.js';
import { hasScope } from './caller.js';
import { TicketSigner } from './ticket-signer.js';

/** Requests per second of one ticket. */
const TICKET_RATE_PER_S = 20;

/** Authenticates tickets: signed here, not expired, and issued by an API key that may still issue tickets. */
@Injectable()
export class TicketAuthenticator {
  constructor(
    private readonly signer: TicketSigner,
    private readonly apiKeys: ApiKeyAuthenticator,
  ) {}

  /**
   * Whose ticket this is. A ticket dies with its key, and has no scope that its key has lost.
   *
   * @throws StoreUnavailableError when the database is unavailable, which does not make the ticket wrong
   */
  async authenticate(text: string): Promise<Authentication> {
    const ticket = await this.signer.verify(text);
    if (isRejection(ticket)) return ticket;
    const { id, issuer, subject, name, place } = ticket;
    const key = { scopes: await this.apiKeys.scopesOf(issuer) };
    if (!hasScope(key, 'tickets:issue')) return ended('revoked-or-expired');
    return {
      id: ticketCaller(issuer, subject),
      // One subject may have many tickets, and one ticket many windows.
      quotaKey: `ticket:${id}`,
      principal: { kind: 'ticket', issuer, subject, name, place },
      scopes: new Set(ticket.scopes.filter((scope) => hasScope(key, scope))),
      ratePerS: TICKET_RATE_PER_S,
    };
  }

  /** As `authenticate`: what tells a ticket from a guess is its signature. */
  authenticateKnown(text: string): Promise<Authentication> {
    return this.authenticate(text);
  }
}
