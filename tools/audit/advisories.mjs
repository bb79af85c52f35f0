// What `npm audit --json` says, in a line. That it says nothing is said plainly: no answer is not "none".

const SEVERITIES = ['critical', 'high', 'moderate', 'low', 'info'];
const GRAVE = ['critical', 'high'];

/** `grave`: each package with a high or critical advisory. */
export function readAdvisories({ output, failure }) {
  const said = parse(output);
  if (said?.metadata?.vulnerabilities === undefined) {
    const status = said?.statusCode ? `status ${said.statusCode}` : (said?.message ?? failure.split('\n')[0]);
    return { text: `NOT CHECKED: the registry does not answer (${status || 'no reply'})`, grave: [] };
  }
  const packages = Object.values(said.vulnerabilities);
  const counts = SEVERITIES.map((severity) => [severity, packages.filter((one) => one.severity === severity)]);
  const text = counts
    .filter(([, found]) => found.length > 0)
    .map(([severity, found]) => `${found.length} ${severity} (${found.map(({ name }) => name).join(', ')})`);
  return {
    text: text.join(', ') || 'none',
    grave: packages.filter(({ severity }) => GRAVE.includes(severity)).map(describe),
  };
}

function describe({ name, severity, via }) {
  const causes = via.map((cause) => (typeof cause === 'string' ? `by ${cause}` : `${cause.title} (${cause.url})`));
  return `${name}, ${severity}: ${causes.join('; ')}`;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
