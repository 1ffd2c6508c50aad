/** The child process of `crash.ts`: reads a {@link CrashRun} from stdin, imports its module and does its work. */
import { text } from 'node:stream/consumers';
import { withFaults } from '../../src/stores/faulty.ts';
import type { CrashRun, CrashWork } from './crash.ts';

const run: CrashRun = JSON.parse(await text(process.stdin));
const { default: work }: { default: CrashWork<unknown> } = await import(run.module);
await work(run.input, (store) => withFaults(store, run.plan));
