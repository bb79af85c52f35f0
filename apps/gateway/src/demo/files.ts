import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface PageFile {
  path: string;
  type: string;
  content: Buffer;
}

const HTML = 'text/html; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** The page and its assets. The bundler copies every literal `new URL(…)`, so each is written out. */
export function pageFiles(): PageFile[] {
  return [
    file('/demo', HTML, new URL('./page/index.html', import.meta.url)),
    file('/demo/', HTML, new URL('./page/index.html', import.meta.url)),
    file('/demo/page.css', STYLE, new URL('./page/page.css', import.meta.url)),
    file('/demo/page.js', SCRIPT, new URL('./page/page.js', import.meta.url)),
    file('/demo/api.js', SCRIPT, new URL('./page/api.js', import.meta.url)),
    file('/demo/dom.js', SCRIPT, new URL('./page/dom.js', import.meta.url)),
    file('/demo/follow.js', SCRIPT, new URL('./page/follow.js', import.meta.url)),
    file('/demo/problem.js', SCRIPT, new URL('./page/problem.js', import.meta.url)),
    file('/demo/room.js', SCRIPT, new URL('./page/room.js', import.meta.url)),
    file('/demo/seat.js', SCRIPT, new URL('./page/seat.js', import.meta.url)),
    file('/demo/session-view.js', SCRIPT, new URL('./page/session-view.js', import.meta.url)),
    file('/demo/share.js', SCRIPT, new URL('./page/share.js', import.meta.url)),
    file('/demo/token.js', SCRIPT, new URL('./page/token.js', import.meta.url)),
    file('/demo/sdk.js', SCRIPT, new URL('./page/sdk.js', import.meta.url)),
    file('/demo/sha256.js', SCRIPT, new URL('../../../../node_modules/fast-sha256/sha256.min.js', import.meta.url)),
    // The module for browsers, for which the package has no name that could be imported.
    file(
      '/demo/qrcode.js',
      SCRIPT,
      new URL('../../../../node_modules/qrcode-generator/dist/qrcode.mjs', import.meta.url),
    ),
  ];
}

function file(path: string, type: string, url: URL): PageFile {
  return { path, type, content: readFileSync(fileURLToPath(url)) };
}
