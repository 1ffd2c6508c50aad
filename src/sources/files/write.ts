import type { Restoring, WriteHow, WriteReport } from '../source.ts';
import { restoredAttributes } from './attributes.ts';
import { collector } from './collect.ts';
import { perform } from './perform.ts';
import type { Roots } from './roots.ts';
import { startTally } from './tally.ts';
import { openTarget } from './target.ts';

/**
 * Restores entries below `how.target`, or to their original place. Entries are worked off in batches; all conflicts of
 * a batch are found before any of it is written.
 *
 * Throws `target.not-empty`, `target.exists`, `target.denied`, `target.full` and `target.failed` for the whole, and the
 * signal's reason when aborted.
 */
export async function writeFiles(
  source: string,
  roots: Roots,
  restoring: Restoring,
  how: WriteHow,
): Promise<WriteReport> {
  const target = openTarget(source, roots, how);
  const tally = startTally(how);
  const attributes = restoredAttributes(how.warn, (entryPath) => roots.standing(entryPath) === 'above');
  const to = { restoring, attributes, tally, how };
  const collected = collector(target, tally, how);
  for await (const entries of restoring.entries()) {
    how.signal.throwIfAborted();
    for (const entry of entries) {
      collected.add(entry);
      if (collected.full()) await perform(collected.take(), to);
    }
  }
  collected.close();
  how.signal.throwIfAborted();
  await perform(collected.take(), to);
  return tally.report();
}
