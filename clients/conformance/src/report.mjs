const MARKS = { passed: '✓', failed: '✗', warned: '!', skipped: '–' };
/** No message quotes a body; this is the last safeguard. */
const JWT = /eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g;

/** Collects the results, and passes them on as lines for people. Neither form holds a token or the key. */
export class Report {
  constructor({ urls, key }, onLine = () => undefined) {
    this.urls = urls;
    this.key = key;
    this.say = onLine;
    this.start = performance.now();
    this.startedAt = new Date().toISOString();
    this.contracts = [];
    this.checks = [];
  }

  begin(run) {
    this.run = run;
    this.say(`Conformance of ${this.urls.join(' and ')} (rooms named ${run}-…)`);
  }

  /** `reason`: why the contract is not checked, or only in part. */
  contract({ name }, { spoken, reason = null }) {
    const clean = this.clean(reason);
    this.contracts.push({ name, spoken, reason: clean });
    this.say(spoken ? `\n${name}` : `\n${name}\n  – all checks skipped: ${clean}`);
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
    this.durationMs = Math.round(performance.now() - this.start);
    const counts = Object.entries(this.summary()).map(([outcome, count]) => `${count} ${outcome}`);
    this.say(`\n${counts.join(', ')} in ${(this.durationMs / 1000).toFixed(1)} s`);
  }

  summary() {
    return Object.fromEntries(Object.keys(MARKS).map((outcome) => [outcome, this.count(outcome)]));
  }

  document() {
    const { run, urls, startedAt, durationMs, contracts, checks } = this;
    return { run, urls, startedAt, durationMs, contracts, checks, summary: this.summary() };
  }

  clean(text) {
    if (text === null) return null;
    const known = this.key === null ? text : text.replaceAll(this.key, '[key]');
    return known.replaceAll(JWT, '[token]');
  }
}
