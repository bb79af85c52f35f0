import { StartupError } from '@app/kernel';

const CAUSES: Partial<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another process',
  EACCES: 'this process has no right to use the port',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host name is unknown',
};

export interface ListenAddress {
  host: string;
  port: number;
  /** The variables to change. */
  variables: string;
}

/** Waits until a server listens. @throws StartupError that names the variables, the address and the cause */
export async function untilListening<T>({ host, port, variables }: ListenAddress, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const cause = CAUSES[code];
    if (cause === undefined) throw error;
    throw new StartupError(`Cannot listen on ${host}:${String(port)} (${variables}): ${cause} (${code})`);
  }
}
