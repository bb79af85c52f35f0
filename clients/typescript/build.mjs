// Compiles the package into dist, as ES modules and as CommonJS.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const here = fileURLToPath(new URL('.', import.meta.url));

rmSync(`${here}dist`, { recursive: true, force: true });
for (const [format, config] of [
  ['esm', 'tsconfig.build.json'],
  ['cjs', 'tsconfig.cjs.json'],
]) {
  execFileSync(process.execPath, [tsc, '-p', here + config], { stdio: 'inherit' });
  // tsc does not copy declarations.
  mkdirSync(`${here}dist/${format}/generated`);
  copyFileSync(`${here}src/generated/schema.d.ts`, `${here}dist/${format}/generated/schema.d.ts`);
}
writeFileSync(`${here}dist/cjs/package.json`, '{ "type": "commonjs", "sideEffects": false }\n');
