import { Problem } from './api.js';
import { $, element } from './dom.js';

export function clearProblem() {
  $('problems').replaceChildren();
}

/** Shows a problem document; any other error is a bug and is rethrown. */
export function showProblem(error) {
  if (!(error instanceof Problem)) throw error;
  const { title, detail, code, requestId, errors = [] } = error.document;
  const dismiss = element('button', { className: 'quiet', text: 'Dismiss' });
  dismiss.type = 'button';
  dismiss.addEventListener('click', clearProblem);
  const facts = element('dl', { className: 'problem-facts' });
  if (code) facts.append(fact('code', code));
  if (requestId) facts.append(fact('requestId', requestId));
  $('problems').replaceChildren(
    element(
      'div',
      { className: 'card problem' },
      element('h2', { text: title }),
      ...(detail && detail !== title ? [element('p', { text: detail })] : []),
      ...(errors.length > 0
        ? [element('ul', {}, ...errors.map((each) => element('li', { text: faultText(each) })))]
        : []),
      facts,
      dismiss,
    ),
  );
}

function faultText({ detail, pointer, parameter, header }) {
  return `${pointer ?? parameter ?? header ?? ''} ${detail}`.trim();
}

function fact(name, value) {
  return element('div', {}, element('dt', { text: name }), element('dd', { className: 'mono', text: value }));
}
