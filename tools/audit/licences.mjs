// The kinds of licences among the packages of package-lock.json.

/** Ask nothing of who delivers a product that uses the package, but to keep their text. */
const USUAL = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
  'Zlib',
];

const entriesIn = ({ packages }) => Object.entries(packages).filter(([path]) => path !== '');

/** How many packages of each kind, the most frequent first. */
export function licencesIn(lock, { production }) {
  const counts = new Map();
  for (const [, { license = 'none named', dev }] of entriesIn(lock)) {
    if (!production || !dev) counts.set(license, (counts.get(license) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

/** Packages of production whose licence wants to be read first. */
export function unusualLicencesIn(lock) {
  return entriesIn(lock)
    .filter(([, { license, dev }]) => !dev && !isUsual(license ?? ''))
    .map(([path, { license }]) => `${path.split('node_modules/').at(-1)} (${license ?? 'none named'})`);
}

/** `A OR B`: one of them is enough. `A AND B`: each counts. */
function isUsual(expression) {
  return expression
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => USUAL.includes(licence.trim())));
}
