/** Actor in the audit trail for commands of this CLI, which does not identify its user. */
export const OPERATOR = 'cli';
