import type { AllSettings } from '@app/config';
import { egressCause } from '@app/egress';
import { endpoint } from '@app/kernel';
import { adviceFor, egressOf } from './egress-checks.js';
import { type Finding, notChecked, ok, warning } from './finding.js';

const ANSWERS_WITHIN_MS = 3000;

/**
 * Sends an export without spans, as the processes send theirs: a receiver answers it as any other, so a wrong path and wrong
 * headers show. Never a fault, since no process depends on it. No finding without a receiver.
 */
export async function traces(settings: Partial<AllSettings>): Promise<Finding[]> {
  const egress = egressOf(settings);
  if (settings.tracing === undefined || egress === undefined)
    return [notChecked('traces', 'its configuration is invalid')];
  if (settings.tracing === null) return [];
  const { url, headers } = settings.tracing;
  const receiver = `receiver ${endpoint(url)}`;
  const client = egress.client({ timeoutMs: ANSWERS_WITHIN_MS, maxBytes: 64 * 1024, longer: 'cut' });
  try {
    const { status } = await client.send(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"resourceSpans":[]}',
    });
    if (status >= 200 && status < 300) return [ok('traces', `${receiver} accepts them (none sent)`)];
    const advice =
      status === 401 || status === 403
        ? 'check OTEL_EXPORTER_OTLP_HEADERS'
        : 'check OTEL_EXPORTER_OTLP_ENDPOINT: traces are sent to /v1/traces below it, as JSON';
    return [warning('traces', `${receiver} answers ${String(status)}: spans are dropped`, advice)];
  } catch (error) {
    const advice = adviceFor(error, 'OTEL_EXPORTER_OTLP_ENDPOINT');
    return [warning('traces', `${receiver} is unreachable (${egressCause(error)}): spans are dropped`, advice)];
  } finally {
    await client.close();
  }
}
