import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/** A CA in `directory` and a certificate signed by it, for `localhost` and 127.0.0.1 unless told otherwise. */
export function makeCertificates(directory: string, name = 'localhost'): Certificates {
  const path = (file: string) => join(directory, `${name}-${file}`);
  const [ca, caKey, cert, key, request, extensions] = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key', 'tls.csr', 'ext'].map(
    path,
  ) as [string, string, string, string, string, string];
  const names = name === 'localhost' ? 'DNS:localhost,IP:127.0.0.1' : `DNS:${name}`;
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test CA', ...out(caKey, ca));
  openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, ...out(key, request));
  spawnSync('sh', ['-c', `printf 'subjectAltName=${names}' > '${extensions}'`]);
  const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions];
  openssl('x509', '-req', '-in', request, ...signing, '-out', cert);
  return { ca, cert, key };
}

function out(key: string, file: string): string[] {
  return ['-keyout', key, '-out', file];
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
