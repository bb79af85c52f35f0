import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

/** A file of the archive. */
export interface Part {
  name: string;
  text: string;
}

/** Writes a `.tar.gz` that only its owner can read. @throws if the file exists or cannot be written */
export async function writeArchive(path: string, directory: string, parts: readonly Part[]): Promise<void> {
  const archive = pack();
  for (const { name, text } of parts) archive.entry({ name: `${directory}/${name}`, mode: 0o600 }, text);
  archive.finalize();
  await pipeline(archive, createGzip(), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
}
