import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  key: string;
  cert: string;
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority of a company's own, as proxies that inspect TLS and internal services have it. */
export class CertificateAuthority {
  private readonly directory = mkdtempSync(join(tmpdir(), 'ca-'));
  /** Where its own certificate is, in PEM. */
  readonly file = join(this.directory, 'ca.pem');
  private issued = 0;
  /** Its own, since chains are built by names. */
  private readonly subject = `/CN=Company CA ${randomBytes(4).toString('hex')}`;

  constructor() {
    this.openssl('req', '-x509', ...EC, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', this.subject);
  }

  /** A certificate for these host names or addresses. */
  issue(...hosts: string[]): Certificate {
    const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`));
    writeFileSync(join(this.directory, 'ext'), names.length === 0 ? '' : `subjectAltName=${names.join()}\n`);
    this.openssl('req', ...EC, '-keyout', 'key.pem', '-out', 'csr.pem', '-subj', '/CN=issued');
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
    this.openssl('x509', '-req', '-in', 'csr.pem', ...by, '-days', '2', '-extfile', 'ext', '-out', 'cert.pem');
    return { key: this.read('key.pem'), cert: this.read('cert.pem') };
  }

  /** The same in files of its directory. */
  issueFiles(...hosts: string[]): Certificate {
    const files = { key: this.newPath('key'), cert: this.newPath('crt') };
    const { key, cert } = this.issue(...hosts);
    writeFileSync(files.key, key);
    writeFileSync(files.cert, cert);
    return files;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }

  private newPath(ending: string): string {
    return join(this.directory, `issued-${String(++this.issued)}.${ending}`);
  }

  private openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.directory, stdio: 'pipe' });
  }

  private read(name: string): string {
    return readFileSync(join(this.directory, name), 'utf8');
  }
}
