import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificate {
  cert: string;
  key: string;
}

/** A certificate authority made for one test, in a directory that exists. */
export class CertificateAuthority {
  readonly cert: string;
  private readonly key: string;

  constructor(
    private readonly directory: string,
    private readonly name = 'ca',
  ) {
    [this.cert, this.key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
    openssl('req', '-x509', ...NEW_KEY, '-keyout', this.key, '-out', this.cert, '-subj', `/CN=${name}`, '-days', '2');
  }

  /** @param names such as `DNS:localhost` or `IP:127.0.0.1` */
  issue(file: string, ...names: string[]): Certificate {
    const of = (ending: string) => join(this.directory, `${this.name}-${file}.${ending}`);
    openssl('req', ...NEW_KEY, '-keyout', of('key'), '-out', of('csr'), '-subj', `/CN=${file}`);
    writeFileSync(of('ext'), names.length === 0 ? '' : `subjectAltName=${names.join()}`);
    const signer = ['-CA', this.cert, '-CAkey', this.key, '-CAcreateserial', '-days', '2', '-extfile', of('ext')];
    openssl('x509', '-req', '-in', of('csr'), '-out', of('crt'), ...signer);
    return { cert: of('crt'), key: of('key') };
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
