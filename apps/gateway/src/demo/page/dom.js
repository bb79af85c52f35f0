/** The element of the page with this id. */
export const $ = (id) => document.getElementById(id);

/** A new element. What comes from elsewhere goes in as text, never as markup. */
export function element(tag, { className, text } = {}, ...children) {
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** A live region speaks whenever it is written to: only when there is something new. */
export function say(region, text) {
  if (region.textContent !== text) region.textContent = text;
}

export function showIf(condition, ...elements) {
  for (const each of elements) each.hidden = !condition;
}
