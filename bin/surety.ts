/** The command line of this process; see `src/cli/main.ts`. */
import { main } from '../src/cli/main.ts';

process.exitCode = await main(process.argv.slice(2));
