/** The entries of a snapshot. */

import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { BATCH_ENTRIES, type RestoredEntry } from '../../sources/source.ts';
import type { EntriesHow, Snapshot } from '../engine.ts';
import { createSelection, type Selection } from '../selection.ts';
import { FACTS_FILE } from './facts.ts';
import { loadIndex } from './load-index.ts';
import type { Repository } from './repository.ts';
import { restoredEntry } from './restored-entry.ts';
import { SURETY_TAG } from './snapshots.ts';
import { openTreeReader, type TreeReader } from './tree-reader.ts';
import { walkTree } from './walk.ts';

/**
 * Selected entries and the directories above them, in name order, in batches. Throws `snapshot.path-missing` at the end when a
 * path or pattern selected nothing.
 */
export async function* entries(
  repository: Repository,
  snapshot: Snapshot,
  how: EntriesHow,
): AsyncGenerator<readonly RestoredEntry[]> {
  const { table } = await loadIndex(repository, how);
  yield* entriesOf(openTreeReader(repository, table, 'use'), snapshot, how);
}

/** The same where the index is loaded already. */
export async function* entriesOf(
  trees: TreeReader,
  snapshot: Snapshot,
  how: EntriesHow,
): AsyncGenerator<readonly RestoredEntry[]> {
  const selection = createSelection(how.select);
  // What Surety keeps for itself in a snapshot was never among the entries.
  const isHidden = snapshot.tags.includes(SURETY_TAG) ? (path: string) => path === FACTS_FILE : undefined;
  for await (const nodes of walkTree(trees, snapshot.tree, BATCH_ENTRIES, { ...how, selection, isHidden })) {
    const batch: RestoredEntry[] = [];
    for (const walked of nodes) {
      const entry = restoredEntry(walked);
      if (entry !== undefined) batch.push(entry);
    }
    if (batch.length > 0) yield batch;
  }
  checkMet(selection, snapshot);
}

function checkMet(selection: Selection, snapshot: Snapshot): void {
  const [missing] = selection.unmet();
  if (missing === undefined) return;
  throw new SuretyError(
    'snapshot.path-missing',
    `snapshot ${snapshot.id.slice(0, 8)} has nothing at ${displayName(missing)}`,
    {
      hint: `surety show ${snapshot.id.slice(0, 8)} --entries lists its paths; '**/NAME' finds a name anywhere`,
      details: { snapshot: snapshot.id, path: displayName(missing) },
    },
  );
}
