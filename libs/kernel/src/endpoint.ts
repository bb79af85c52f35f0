/** Host and port of a URL for logs and errors, without credentials; `invalid URL` if it cannot be parsed. */
export function endpoint(url: string): string {
  if (!URL.canParse(url)) return 'invalid URL';
  const { host, hostname, protocol } = new URL(url);
  const port = DEFAULT_PORTS[protocol];
  return host === hostname && port !== undefined ? `${host}:${String(port)}` : host;
}

const DEFAULT_PORTS: Record<string, number> = {
  'http:': 80,
  'https:': 443,
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
};
