/**
 * A connection leads to a standby, or to a primary that was demoted: it answers, and goes on to answer with what it last
 * knew. Has the form of a server error (25006), for `classifyCause`.
 */
export class ReadOnlyServerError extends Error {
  readonly code = '25006';

  constructor() {
    super('the server is read-only');
  }
}
