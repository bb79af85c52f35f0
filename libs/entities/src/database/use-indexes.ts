/**
 * SQL, in a transaction: no plan reads a whole table. For tables that grow and shrink faster than they are analyzed, where a
 * plan that was made while they were small would do so.
 */
export const USE_INDEXES = 'SET LOCAL enable_seqscan = off';
