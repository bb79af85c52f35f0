import type { Namespace } from './namespaces/namespace.js';

/** The text of `.env.example`: every variable once, under its topic, with what it decides and its default. */
export function envExample(apps: Record<string, Record<string, Namespace>>): string {
  const lines = [
    '# Every variable, with its default. Secrets may also be given as files: NAME_FILE=/run/secrets/name.',
    '# `npm start` needs none of them.',
  ];
  const seen = new Set<string>();
  for (const topics of Object.values(apps)) {
    for (const topic of Object.values(topics)) {
      if (seen.has(topic.title)) continue;
      seen.add(topic.title);
      const readers = Object.entries(apps).filter(([, t]) =>
        Object.values(t).some((other) => other.title === topic.title),
      );
      lines.push('', `# --- ${topic.title} · read by: ${readers.map(([app]) => app).join(', ')}`);
      for (const [name, variable] of Object.entries(topic.variables)) {
        lines.push(`# ${variable.description}`, `# ${name}=${variable.default ?? ''}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}
