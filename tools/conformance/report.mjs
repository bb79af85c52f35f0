const MARKS = { passed: '✓', failed: '✗', warned: '!', skipped: '–' };
/** What a JWT looks like. No message quotes a body; this is the net below. */
const JWT = /eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g;

/** Lines for people as things happen, or one document for machines at the end. Neither holds a token or the key. */
export class Report {
  constructor({ urls, key, json }) {
    this.asJson = json;
    this.urls = urls;
    this.key = key;
    this.start = performance.now();
    this.startedAt = new Date().toISOString();
    this.contracts = [];
    this.checks = [];
  }

  begin(run) {
    this.run = run;
    this.say(`Conformance of ${this.urls.join(' and ')} (rooms named ${run}-…)`);
  }

  contract({ name }, { spoken, why, blocked }) {
    const reason = this.clean(why ?? blocked ?? null);
    this.contracts.push({ name, spoken, reason });
    this.say(spoken ? `\n${name}` : `\n${name}\n  – all of it: skipped, not spoken here (${reason})`);
  }

  check(contract, { id, title }, { outcome, seen = '', ms = 0 }) {
    const clean = this.clean(seen);
    this.checks.push({ contract: contract?.name ?? null, id, title, outcome, seen: clean, durationMs: ms });
    if (contract === null) this.say('');
    const below = `\n      ${clean.replaceAll('\n', '\n      ')}`;
    const rest = { passed: clean && ` (${clean})`, skipped: `: skipped, ${clean}`, failed: below, warned: below };
    this.say(`  ${MARKS[outcome]} ${title}${rest[outcome]}`);
  }

  count(outcome) {
    return this.checks.filter((check) => check.outcome === outcome).length;
  }

  end() {
    const summary = {};
    for (const outcome of Object.keys(MARKS)) summary[outcome] = this.count(outcome);
    const durationMs = Math.round(performance.now() - this.start);
    if (this.asJson) {
      const { run, urls, startedAt, contracts, checks } = this;
      const report = { run, urls, startedAt, durationMs, contracts, checks, summary };
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      return;
    }
    const counts = Object.entries(summary).map(([outcome, count]) => `${count} ${outcome}`);
    this.say(`\n${counts.join(', ')} in ${(durationMs / 1000).toFixed(1)} s`);
  }

  clean(text) {
    if (text === null) return null;
    const known = this.key === null ? text : text.replaceAll(this.key, '[key]');
    return known.replaceAll(JWT, '[token]');
  }

  say(line) {
    if (!this.asJson) process.stdout.write(`${line}\n`);
  }
}
