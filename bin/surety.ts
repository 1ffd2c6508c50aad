/** The command line of this process; see `src/cli/main.ts`. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtProgram } from './built.ts';

const built = builtProgram(join(import.meta.dirname, '..'));
const { main }: typeof import('../src/cli/main.ts') = await (built === undefined
  ? import('../src/cli/main.ts')
  : import(pathToFileURL(built).href));

process.exitCode = await main(process.argv.slice(2));
