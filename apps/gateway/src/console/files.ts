import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface PageFile {
  paths: string[];
  type: string;
  content: Buffer;
}

const HTML = 'text/html; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** One page for all views: the address says which. */
const VIEWS = [
  '/console',
  '/console/',
  '/console/sessions',
  '/console/sessions/:id',
  '/console/queues',
  '/console/webhooks',
  '/console/webhooks/:id',
];

/** The page and its assets. The bundler copies every literal `new URL(…)`, so each is written out. */
export function pageFiles(): PageFile[] {
  return [
    file(VIEWS, HTML, new URL('./page/index.html', import.meta.url)),
    script('main', new URL('./page/main.js', import.meta.url)),
    script('api', new URL('./page/api.js', import.meta.url)),
    script('board', new URL('./page/board.js', import.meta.url)),
    script('charts', new URL('./page/charts.js', import.meta.url)),
    script('dialog', new URL('./page/dialog.js', import.meta.url)),
    script('dom', new URL('./page/dom.js', import.meta.url)),
    script('format', new URL('./page/format.js', import.meta.url)),
    script('headline', new URL('./page/headline.js', import.meta.url)),
    script('overview', new URL('./page/overview.js', import.meta.url)),
    script('pool', new URL('./page/pool.js', import.meta.url)),
    script('queues', new URL('./page/queues.js', import.meta.url)),
    script('session', new URL('./page/session.js', import.meta.url)),
    script('sessions', new URL('./page/sessions.js', import.meta.url)),
    script('webhooks', new URL('./page/webhooks.js', import.meta.url)),
    file(['/console/console.css'], STYLE, new URL('./page/console.css', import.meta.url)),
    file(['/console/uplot.css'], STYLE, new URL('../../../../node_modules/uplot/dist/uPlot.min.css', import.meta.url)),
    script('uplot', new URL('../../../../node_modules/uplot/dist/uPlot.esm.js', import.meta.url)),
  ];
}

function script(name: string, url: URL): PageFile {
  return file([`/console/${name}.js`], SCRIPT, url);
}

function file(paths: string[], type: string, url: URL): PageFile {
  return { paths, type, content: readFileSync(fileURLToPath(url)) };
}
