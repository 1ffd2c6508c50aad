/** The command line of this process (`src/cli/main.ts`): bundled, or where no bundle fits the sources, from these. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundledProgram } from './bundled.ts';

const bundled = bundledProgram(join(import.meta.dirname, '..'));
const { main }: typeof import('../src/cli/main.ts') = await (bundled === undefined
  ? import('../src/cli/main.ts')
  : import(pathToFileURL(bundled).href));

process.exitCode = await main(process.argv.slice(2));
