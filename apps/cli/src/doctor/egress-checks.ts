import type { AllSettings } from '@app/config';
import { Egress, egressCause, ProxyError } from '@app/egress';
import { endpoint } from '@app/kernel';
import type { Finding } from './finding.js';

/** Of the connection to the proxy, and of what follows through it, in ms. */
const CONNECT_WITHIN_MS = 3000;

/** The way out that the processes take; undefined if its configuration is invalid. */
export function egressOf({ egress }: Partial<AllSettings>): Egress | undefined {
  return egress && new Egress(egress);
}

/** Connects as a worker does, to each endpoint, and sends no request, since any call would mint a token. */
export async function cas(settings: Partial<AllSettings>, unset: readonly string[]): Promise<Finding[]> {
  const notChecked = (text: string): Finding[] => [{ check: 'CAS', level: 'not-checked', text }];
  const lacking = unset.filter((name) => name.startsWith('CAS_'));
  if (lacking.length > 0) return notChecked(`${lacking.join(', ')} not set in this shell`);
  const egress = egressOf(settings);
  if (settings.cas === undefined || egress === undefined) return notChecked('its configuration is invalid');
  const { endpoints } = settings.cas;
  const several = endpoints.length > 1;
  return Promise.all(
    endpoints.map(({ name, url }) => {
      const check = several ? `CAS endpoint ${name}` : 'CAS';
      return reachability(egress, check, several ? 'CAS_ENDPOINTS' : 'CAS_URL', url, 'no token requested');
    }),
  );
}

/** Connects as a gateway does and asks nothing. No finding without an admission service. */
export async function admission(settings: Partial<AllSettings>): Promise<Finding[]> {
  const egress = egressOf(settings);
  if (settings.admission === undefined || egress === undefined)
    return [{ check: 'admission', level: 'not-checked', text: 'its configuration is invalid' }];
  if (settings.admission === null) return [];
  return [await reachability(egress, 'admission', 'ADMISSION_URL', settings.admission.url, 'no question asked')];
}

async function reachability(
  egress: Egress,
  check: string,
  variable: string,
  url: string,
  notDone: string,
): Promise<Finding> {
  const target = new URL(url);
  const host = `host ${endpoint(url)}`;
  try {
    await egress.probe(target, CONNECT_WITHIN_MS);
    const how = target.protocol === 'https:' ? 'accepts TLS connections' : 'accepts connections';
    return { check, level: 'ok', text: `${host}${wayTo(egress, target)} ${how} (${notDone})` };
  } catch (error) {
    const text = `${host}${wayTo(egress, target)} is unreachable (${egressCause(error)})`;
    return { check, level: 'fault', text, advice: adviceFor(error, variable) };
  }
}

/** Named if there is one: whether it is used depends on variables that this shell may not share with the processes. */
function wayTo(egress: Egress, target: URL): string {
  const proxy = egress.proxyOnTheWayTo(target);
  return proxy === undefined ? '' : ` through proxy ${proxy}`;
}

export function adviceFor(error: unknown, variable: string): string {
  if (error instanceof ProxyError) return 'check HTTPS_PROXY, its user and password, and what the proxy permits';
  return /CERT|SIGNATURE|TLS|SSL/.test(egressCause(error))
    ? `check ${variable}, and EXTRA_CA_CERTS if its certificate is of your own authority`
    : `check ${variable}, HTTPS_PROXY, NO_PROXY, DNS and the firewall`;
}
