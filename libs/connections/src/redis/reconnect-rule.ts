/** Refused before anything was done, by a server that does not serve now, or no longer: another connection may be better. */
const NOT_SERVING = /READONLY|^(UNBLOCKED|LOADING|MASTERDOWN)/;
/** How long a new connection is kept although it leads to the same, in ms. */
const PATIENCE_MS = 1000;

/** Resend after reconnecting, in the words of ioredis. */
const RESEND = 2;

/**
 * Decides which errors of Redis end a connection. After a failover old connections may lead to a server that has become
 * a replica: they are replaced, and the refused commands are sent again. If the new connection leads to a replica too,
 * the caller gets the error, and the next second no connection is replaced.
 */
export class ReconnectRule {
  private replacing = false;
  private patientUntil = -Infinity;

  decide({ message }: Error): typeof RESEND | false {
    if (!NOT_SERVING.test(message) || performance.now() < this.patientUntil) return false;
    this.replacing = true;
    return RESEND;
  }

  /** Called for each new connection. */
  connected(): void {
    if (this.replacing) this.patientUntil = performance.now() + PATIENCE_MS;
    this.replacing = false;
  }
}
