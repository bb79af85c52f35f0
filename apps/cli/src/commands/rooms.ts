import { appendFile, readFile } from 'node:fs/promises';
import { processEnvironment, readSettings, roomsNamespaces } from '@app/config';
import { type Product, PRODUCTS, StartupError } from '@app/kernel';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Progress } from '../progress.js';
import { OpenRoom, type RoomOutcome } from '../rooms/open-room.js';

/** Opens rooms before the crowd comes, through the API. */
export function addRooms(program: Command): void {
  const rooms = program.command('rooms').description('open many rooms through the API');
  rooms
    .command('open')
    .description('open the rooms of a file, a name per line; repeat it to go on where it ended')
    .requiredOption('--file <file>', 'the names; empty lines and lines that begin with # are skipped')
    .requiredOption('--url <url>', 'of the API, such as https://auth.example.com')
    .addOption(new Option('--products <list>', `comma-separated: ${PRODUCTS.join(', ')}`).argParser(products))
    .option('--concurrency <n>', 'requests at one time', concurrency, 50)
    .option('--results <file>', 'where each room and its TokenID are written (default: the file with .opened added)')
    .action(open);
}

interface Options {
  file: string;
  url: string;
  products?: Product[];
  concurrency: number;
  results?: string;
}

/** The API key is read from `API_KEY` or `API_KEY_FILE`: as an argument, every user of the host could see it. */
async function open({ file, url, products: wanted, concurrency: most, results = `${file}.opened` }: Options) {
  const done = await openedBefore(results);
  const names = [...new Set(await roomsOf(file))];
  const rooms = names.filter((name) => !done.has(name));
  if (rooms.length < names.length)
    process.stderr.write(
      `${String(names.length - rooms.length)} of ${String(names.length)} are in ${results} already\n`,
    );
  const client = new OpenRoom(url, readSettings(roomsNamespaces, processEnvironment()).apiClient.apiKey, wanted);
  const progress = new Progress('rooms', rooms.length);
  const failures: RoomOutcome[] = [];
  const waiting = rooms.values();
  let stopped = false;
  let settled = 0;
  const lane = async () => {
    for (const room of waiting) {
      if (stopped) return;
      const outcome = await client.open(room);
      if (outcome.tokenId === undefined) failures.push(outcome);
      else await appendFile(results, `${JSON.stringify({ room, tokenId: outcome.tokenId })}\n`, { mode: 0o600 });
      progress.at(++settled);
    }
  };
  try {
    await Promise.all(Array.from({ length: most }, lane));
  } finally {
    stopped = true;
    progress.end();
  }
  process.stdout.write(
    `${String(rooms.length - failures.length)} rooms opened, ${String(failures.length)} failed. Results: ${results}\n`,
  );
  for (const { room, problem } of failures.slice(0, 20)) process.stdout.write(`  ${room}: ${String(problem)}\n`);
  if (failures.length > 0) process.exitCode = 1;
}

async function roomsOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new StartupError(`The file ${file} cannot be read`);
  });
  const lines = text.split('\n').map((line) => line.trim().normalize('NFC'));
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** The rooms of an earlier run. A last line that was cut off is opened again. */
async function openedBefore(results: string): Promise<Set<string>> {
  const text = await readFile(results, 'utf8').catch(() => '');
  if (text !== '' && !text.endsWith('\n')) await appendFile(results, '\n');
  const rooms = text.split('\n').flatMap((line) => {
    try {
      return [String((JSON.parse(line) as { room: unknown }).room)];
    } catch {
      return [];
    }
  });
  return new Set(rooms);
}

function products(text: string): Product[] {
  const names = text.split(',');
  const known = PRODUCTS.filter((product) => names.includes(product));
  if (known.length === names.length) return known;
  throw new InvalidArgumentError(`must be a list of ${PRODUCTS.join(', ')}`);
}

function concurrency(text: string): number {
  const n = Number(text);
  if (/^\d{1,4}$/.test(text) && n >= 1 && n <= 1000) return n;
  throw new InvalidArgumentError('must be a whole number from 1 to 1000');
}
