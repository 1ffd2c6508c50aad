/** Which files of which archives need pieces that are lost. */
import { hasCode } from '../../../base/errors.ts';
import type { How, Problem, Snapshot } from '../../engine.ts';
import { archiveItems } from '../items.ts';
import type { Repository } from '../repository.ts';

const NAMED = 10;

/** By the id of the piece, the first few paths, and of every snapshot at least one. An archive whose list is lost is named without a path. */
export async function findAffected(
  repository: Repository,
  snapshots: readonly Snapshot[],
  lost: ReadonlySet<string>,
  how: How,
): Promise<ReadonlyMap<string, Problem['affects']>> {
  const affected = new Map<string, { snapshot: string; path: string }[]>();
  const add = (chunk: string, snapshot: string, path: string) => {
    const known = affected.get(chunk) ?? [];
    affected.set(chunk, known);
    if (known.length < NAMED || known.every((one) => one.snapshot !== snapshot)) known.push({ snapshot, path });
  };
  for (const { id, tree } of snapshots) {
    try {
      for await (const { path, chunks } of archiveItems(repository, tree, how)) {
        for (const chunk of new Set(chunks)) if (lost.has(chunk)) add(chunk, id, path);
      }
    } catch (error) {
      if (!hasCode(error, 'repository.damaged')) throw error;
      for (const chunk of lost) add(chunk, id, '');
    }
  }
  return affected;
}
