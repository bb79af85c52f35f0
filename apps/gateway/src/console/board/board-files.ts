import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { UIConfig } from '@bull-board/api/typings/app';

export const BOARD_PATH = '/console/api/board';

/** bull-board's own page. The bundler copies it, and what is beside it, to one place. */
const ENTRY = new URL('../../../../../node_modules/@bull-board/ui/dist/index.ejs', import.meta.url);

const TYPES: Partial<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** No statement and no command is sent for what is switched off here: a user of Redis may lack the right. */
export const UI_CONFIG: UIConfig = {
  boardTitle: 'Queues',
  hideDocsLink: true,
  hideRedisDetails: true,
  showWorkers: false,
  favIcon: { default: 'static/images/logo.svg', alternative: 'static/images/logo.svg' },
};

export interface BoardFile {
  type: string;
  content: Buffer;
}

/** The files of bull-board's page by their path below `static/`. Read when the board is first opened. */
export function boardFiles(): Map<string, BoardFile> {
  const directory = fileURLToPath(new URL('static/', ENTRY));
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return new Map(
    names.flatMap((name): [string, BoardFile][] => {
      const type = TYPES[extname(name)];
      return type === undefined
        ? []
        : [[name.replaceAll('\\', '/'), { type, content: readFileSync(`${directory}${name}`) }]];
    }),
  );
}

/**
 * The page around bull-board's scripts. Its own one has inline styles and fonts of another server; of it only the names of
 * the scripts and the style are taken.
 */
export function boardPage(): string {
  const entry = readFileSync(fileURLToPath(ENTRY), 'utf8');
  const scripts = [...entry.matchAll(/<script defer src="(static\/js\/[\w.-]+\.js)">/g)].map(([, src]) => String(src));
  const styles = [...entry.matchAll(/<link href="(static\/css\/[\w.-]+\.css)"/g)].map(([, href]) => String(href));
  const config = JSON.stringify(UI_CONFIG).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en" dir="ltr">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="robots" content="noindex" />
    <base href="${BOARD_PATH}/" />
    <title>Queues</title>
    <link rel="icon" type="image/svg+xml" id="fav-logo" href="static/images/logo.svg" />
    ${styles.map((href) => `<link rel="stylesheet" href="${href}" />`).join('\n    ')}
    <script defer src="/console/board.js"></script>
    ${scripts.map((src) => `<script defer src="${src}"></script>`).join('\n    ')}
  </head>
  <body>
    <script id="__UI_CONFIG__" type="application/json">${config}</script>
    <div id="root"></div>
  </body>
</html>
`;
}
