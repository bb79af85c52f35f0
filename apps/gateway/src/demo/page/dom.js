/** The element of the page with this id. */
export const $ = (id) => document.getElementById(id);

/** Creates an element. Foreign data is inserted as text, never as markup. */
export function element(tag, { className, text } = {}, ...children) {
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** Live regions announce every write, so write only changes. */
export function say(region, text) {
  if (region.textContent !== text) region.textContent = text;
}

export function showIf(condition, ...elements) {
  for (const each of elements) each.hidden = !condition;
}
