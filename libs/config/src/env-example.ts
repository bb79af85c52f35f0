import type { Namespace } from './namespaces/namespace.js';

/** The text of `.env.example`: every variable once, by namespace, with its description, recipe and default. */
export function envExample(apps: Record<string, Record<string, Namespace>>): string {
  const lines = [
    '# Every variable, with its default. Secrets can also be read from files: NAME_FILE=/run/secrets/name.',
    '# A line starting with $ is a shell command that prints a valid value. `npm start` requires none of them.',
  ];
  const seen = new Set<string>();
  for (const namespaces of Object.values(apps)) {
    for (const namespace of Object.values(namespaces)) {
      if (seen.has(namespace.title)) continue;
      seen.add(namespace.title);
      const readers = Object.entries(apps).filter(([, t]) =>
        Object.values(t).some((other) => other.title === namespace.title),
      );
      lines.push('', `# --- ${namespace.title} · used by: ${readers.map(([app]) => app).join(', ')}`);
      for (const [name, variable] of Object.entries(namespace.variables)) {
        lines.push(`# ${variable.description}`);
        if (variable.recipe !== undefined) lines.push(`#   $ ${variable.recipe}`);
        lines.push(`# ${name}=${variable.default ?? ''}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}
