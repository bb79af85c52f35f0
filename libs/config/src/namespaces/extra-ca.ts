import { X509Certificate } from 'node:crypto';
import { readSecretFile } from '../secret-file.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, or what is wrong with it, as the end of a sentence about the variable. */
export function readCertificates(path: string): { certificates: string[] } | { fault: string } {
  const text = readSecretFile(path);
  if (text === null) return { fault: 'points to a file that cannot be read' };
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return { fault: 'points to a file without a PEM certificate' };
  return certificates.every(isCertificate)
    ? { certificates }
    : { fault: 'points to a file with an invalid PEM certificate' };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
