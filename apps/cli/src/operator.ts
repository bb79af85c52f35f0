/** Who did it, in the audit trail: whoever has the command line is an operator, and no more is known of them. */
export const OPERATOR = 'cli';
