import { $, say, showIf } from './dom.js';
import qrcode from './qrcode.js';

const SVG = 'http://www.w3.org/2000/svg';
/** Quiet zone around the QR code, in modules. */
const QUIET = 4;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export const linkTo = (id) => `${location.origin}/demo?session=${encodeURIComponent(id)}`;

/** The TokenID in this page's address. */
export const sharedId = () => new URLSearchParams(location.search).get('session');

/** Keeps the URL in sync, so that a reload finds the session again. */
export function setAddress(id) {
  history.replaceState(null, '', id === undefined ? '/demo' : linkTo(id));
}

export function showShare(id) {
  showIf(id !== undefined, $('share'));
  if (id === undefined) return;
  const link = linkTo(id);
  if ($('link').value === link) return;
  $('link').value = link;
  $('second').href = link;
  $('qr').replaceChildren(qrOf(link));
  say(
    $('link-hint'),
    LOOPBACK.includes(location.hostname)
      ? 'It carries the TokenID, never the token. It points to this machine: other devices need its network address.'
      : 'It carries the TokenID, never the token.',
  );
}

export async function copyLink() {
  const field = $('link');
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    say($('link-hint'), 'Copied.');
  } catch {
    say($('link-hint'), 'Selected: copy it with the keyboard.');
  }
}

function qrOf(text) {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  let path = '';
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    }
  }
  const svg = document.createElementNS(SVG, 'svg');
  const size = count + 2 * QUIET;
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'QR code of the link');
  svg.setAttribute('shape-rendering', 'crispEdges');
  const modules = document.createElementNS(SVG, 'path');
  modules.setAttribute('d', path);
  svg.append(modules);
  return svg;
}
