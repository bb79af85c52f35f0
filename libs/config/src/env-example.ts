import type { Namespace } from './namespaces/namespace.js';

/** The text of `.env.example`: every variable once, under its namespace, with what it decides and its default. */
export function envExample(apps: Record<string, Record<string, Namespace>>): string {
  const lines = [
    '# Every variable, with its default. Secrets may also be given as files: NAME_FILE=/run/secrets/name.',
    '# `npm start` needs none of them.',
  ];
  const seen = new Set<string>();
  for (const namespaces of Object.values(apps)) {
    for (const namespace of Object.values(namespaces)) {
      if (seen.has(namespace.title)) continue;
      seen.add(namespace.title);
      const readers = Object.entries(apps).filter(([, t]) =>
        Object.values(t).some((other) => other.title === namespace.title),
      );
      lines.push('', `# --- ${namespace.title} · read by: ${readers.map(([app]) => app).join(', ')}`);
      for (const [name, variable] of Object.entries(namespace.variables)) {
        lines.push(`# ${variable.description}`, `# ${name}=${variable.default ?? ''}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}
