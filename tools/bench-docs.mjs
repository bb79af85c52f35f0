// What the documents show of bench/results.json, written (--write) or compared (--check).
import { documents } from './bench/report/documents.mjs';
import { writeOrCheck } from './generated-file.mjs';
import { reportAndExit } from './steps.mjs';

const [mode] = process.argv.slice(2);
try {
  for (const { name, content } of documents()) writeOrCheck(mode, name, content, 'npm run bench:docs');
} catch (error) {
  reportAndExit(error);
}
