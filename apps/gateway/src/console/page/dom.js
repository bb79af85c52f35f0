/** The element of the page with this id. */
export const $ = (id) => document.getElementById(id);

/**
 * Creates an element. `given` holds `className`, `text`, listeners (`onclick`) and attributes; what is null or false is left
 * out. Foreign data is inserted as text, never as markup.
 */
export function h(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'className') made.className = value;
    else if (name === 'text') made.textContent = value;
    else if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Live regions announce every write, so write only changes. */
export function say(region, text) {
  if (region.textContent !== text) region.textContent = text;
}

/** Replaces what is in an element only if it would look different: focus and selection stay otherwise. */
export function show(place, ...children) {
  const next = h('div', {}, ...children);
  if (place.innerHTML !== next.innerHTML) place.replaceChildren(...next.childNodes);
}

/** An address of the console that is followed without loading the page anew, which would forget the key. */
export function link(href, given, ...children) {
  return h('a', { href, 'data-link': true, ...given }, ...children);
}
