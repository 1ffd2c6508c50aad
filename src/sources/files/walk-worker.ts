/** A thread that walks. It stays a bounded number of batches ahead of the thread that takes them. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, SuretyError } from '../../base/errors.ts';
import { compileExclusion } from './exclude.ts';
import { localView } from './local-view.ts';
import { packEntries } from './packed-entries.ts';
import { parseRoots } from './roots.ts';
import { walk } from './walk.ts';
import type { FromWalk, WalkOrder } from './walk-thread.ts';

const port = parentPort!;
const { source, options, baseDir, elsewhere, taken } = workerData as WalkOrder;
const BATCHES_AHEAD = 64;

const roots = parseRoots(source, options.paths, baseDir);
const batchesTaken = new Int32Array(taken);
const post = (message: FromWalk, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
post({ kind: 'ready' });
const noNames = { user: () => '', group: () => '' };

try {
  const batches = walk({
    source,
    roots,
    exclusion: compileExclusion(options.exclude, elsewhere),
    excludeCaches: options.excludeCaches,
    largerThanBytes: options.largerThanBytes,
    oneFileSystem: options.oneFileSystem,
    view: localView(source, noNames),
    warn: (warning) => post({ kind: 'warning', warning }),
    onEmptyRoot: (root) => post({ kind: 'empty-root', index: roots.all.indexOf(root) }),
  });
  let sent = 0;
  for (const batch of batches) {
    const packed = packEntries(batch);
    post({ kind: 'batch', packed }, [packed.wide.buffer as ArrayBuffer, packed.plain.buffer as ArrayBuffer]);
    sent += 1;
    for (let seen = Atomics.load(batchesTaken, 0); sent - seen >= BATCHES_AHEAD; seen = Atomics.load(batchesTaken, 0)) {
      Atomics.wait(batchesTaken, 0, seen);
    }
  }
  post({ kind: 'end' });
} catch (error) {
  const { code, hint, details } =
    error instanceof SuretyError ? error : { code: 'source.failed', hint: '', details: {} };
  post({ kind: 'failed', code, message: messageOf(error), hint: hint ?? '', details });
}
