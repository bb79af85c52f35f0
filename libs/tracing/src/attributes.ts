/**
 * Every attribute that a span may carry: the exporter drops all others. Nothing here may name a person, a room or a
 * secret, or hold text of callers or of other services. Session ids are allowed, as in logs.
 */
export const SPAN_ATTRIBUTES = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'error.type',
  'db.system.name',
  'db.operation.name',
  'db.collection.name',
  'messaging.system',
  'messaging.destination.name',
  'messaging.operation.type',
  'watchtogether.request.id',
  'watchtogether.session.id',
  'watchtogether.product',
  'watchtogether.cas.endpoint',
  'watchtogether.admission.action',
  'watchtogether.webhook.id',
  'watchtogether.webhook.type',
  'watchtogether.attempt',
  'watchtogether.outcome',
  'watchtogether.batch.size',
] as const;

export type SpanAttributes = Partial<Record<(typeof SPAN_ATTRIBUTES)[number], string | number>>;
