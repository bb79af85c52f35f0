// What docs/capacity.md shows of the simulation, written (--write) or compared (--check).
import { writeOrCheck } from './generated-file.mjs';
import { documents } from './simulate/documents.mjs';
import { reportAndExit } from './steps.mjs';

const [mode] = process.argv.slice(2);
try {
  for (const { name, content } of documents()) writeOrCheck(mode, name, content, 'npm run simulate:docs');
} catch (error) {
  reportAndExit(error);
}
