import { DEFAULT_TICKET_SCOPES, type TicketScope } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { insufficientScope } from '../auth/authenticated-caller.js';
import { type Caller, hasScope } from '../auth/caller.js';
import { type TicketPlace, TicketSigner } from '../auth/ticket-signer.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { DEFAULT_TTL_S, type TicketBody, type TicketView } from './ticket.schemas.js';

/** Issues tickets: the credentials that a server gives to the browsers of its users. */
@Injectable()
export class TicketsService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly signer: TicketSigner,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws ProblemError 403, 404, 410 */
  async issueForSession(caller: Caller, session: string, body: TicketBody): Promise<TicketView> {
    await this.sessions.read(caller, session, { since: performance.now(), waitS: null });
    return this.issue(caller, { session }, body);
  }

  /** The room need not have a session yet. @throws ProblemError 403 */
  async issueForRoom(caller: Caller, room: string, body: TicketBody): Promise<TicketView> {
    return this.issue(caller, { room }, body);
  }

  private async issue(caller: Caller, place: TicketPlace, body: TicketBody): Promise<TicketView> {
    const { principal } = caller;
    // The table of routes refuses all others.
    if (principal.kind !== 'key') throw new Error('only API keys issue tickets');
    const session = 'session' in place ? place.session : undefined;
    const { subject, name = null, ttlS = DEFAULT_TTL_S } = body;
    const scopes = grantable(caller, body.scopes, session);
    const { ticket, expiresAt } = await this.signer.sign({ issuer: principal.id, subject, name, scopes, place }, ttlS);
    this.audit.ticketIssued(caller, session ?? null);
    return { ticket, expiresAt: expiresAt.toISOString() };
  }
}

/** A ticket has no scope that its issuer lacks. @throws ProblemError 403 */
function grantable(caller: Caller, wanted: readonly TicketScope[] | undefined, session?: string): TicketScope[] {
  const scopes = wanted ?? DEFAULT_TICKET_SCOPES.filter((scope) => hasScope(caller, scope));
  const needed = scopes.length > 0 ? scopes : DEFAULT_TICKET_SCOPES;
  const missing = needed.find((scope) => !hasScope(caller, scope));
  if (missing !== undefined) throw insufficientScope(missing, session);
  return [...scopes];
}
