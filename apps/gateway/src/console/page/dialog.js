import { $, h } from './dom.js';

/**
 * Asks before a change: what exactly will be done, and why. Resolves when it is closed.
 *
 * @param run called with the reason; throws what is to be explained in place; returns what to say, or null to close
 */
export function ask({ title, facts, confirm, danger = false, run }) {
  const dialog = $('dialog');
  const reason = h('input', {
    id: 'reason',
    name: 'reason',
    required: true,
    minlength: '3',
    maxlength: '200',
    autocomplete: 'off',
    'aria-describedby': 'reason-hint',
  });
  const problem = h('p', { className: 'problem', role: 'alert', hidden: true });
  const progress = h('p', { className: 'progress', role: 'status' });
  const go = h('button', { type: 'submit', className: danger ? 'danger' : 'primary', text: confirm });
  const cancel = h('button', { type: 'button', text: 'Cancel', onclick: () => dialog.close() });
  const say = (text) => {
    progress.textContent = text;
  };
  const refuse = (text) => {
    problem.textContent = text;
    problem.hidden = text === '';
  };
  const form = h(
    'form',
    {
      method: 'dialog',
      onsubmit: async (event) => {
        event.preventDefault();
        refuse('');
        go.disabled = true;
        try {
          const done = await run(reason.value, say);
          if (done === null) return dialog.close();
          say(done);
          go.hidden = true;
          cancel.textContent = 'Close';
          cancel.focus();
        } catch (error) {
          refuse(error.message);
        } finally {
          go.disabled = false;
        }
      },
    },
    h('h2', { id: 'dialog-title', text: title }),
    h(
      'dl',
      { className: 'facts' },
      ...facts.map(([name, value]) => h('div', {}, h('dt', { text: name }), h('dd', {}, value))),
    ),
    h('label', { for: 'reason', text: 'Reason' }),
    reason,
    h('p', {
      className: 'hint',
      id: 'reason-hint',
      text: 'Kept in the audit trail, with who did it. At least 3 characters.',
    }),
    problem,
    progress,
    h('div', { className: 'buttons' }, cancel, go),
  );
  dialog.replaceChildren(form);
  dialog.showModal();
  reason.focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', resolve, { once: true });
  });
}
