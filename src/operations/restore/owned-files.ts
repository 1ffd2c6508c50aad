/** Files that one member of a recovery point restores as its own, so that the files of another do not take their place. */
import { basename } from 'node:path';
import { displayName } from '../../base/names.ts';
import type { Restoring, Source } from '../../sources/source.ts';
import type { RestoreItem } from '../handles.ts';
import type { StepTools } from '../step.ts';

export interface OwnedFiles {
  /** Takes what others own out of the entries of a member; a member that owns files itself keeps all of its own. */
  leaveOut(restoring: Restoring, source: Source): Left;
}

/** What was left out is known when the entries were read to their end. */
export interface Left {
  readonly restoring: Restoring;
  count(): number;
  notes(): readonly string[];
}

/** Nobody owns anything. */
export const NO_OWNED_FILES: OwnedFiles = {
  leaveOut: (restoring) => ({ restoring, count: () => 0, notes: () => [] }),
};

/**
 * Looks through the members that own files. `inPlace`: files are the same when their places on this host are, links
 * followed; else when their paths in the snapshots are. A member that can not be read owns nothing: its own step says why.
 */
export async function findOwnedFiles(
  items: readonly RestoreItem[],
  inPlace: boolean,
  tools: StepTools,
): Promise<OwnedFiles> {
  const owners = new Map<string, string>();
  if (items.length < 2) return NO_OWNED_FILES;
  for (const item of items) {
    try {
      await addOwned(item, inPlace, owners, tools);
    } catch {
      tools.signal.throwIfAborted();
    }
  }
  const names = new Set([...owners.keys()].map((path) => basename(path)));
  const ownerOf = (source: Source, path: string): string | undefined => {
    // In place a link can have another name than what it leads to; resolving every path would take too long for that.
    if (!names.has(basename(path))) return undefined;
    return owners.get(inPlace ? (source.locate(path) ?? '') : path);
  };
  return { leaveOut: (restoring, source) => leaveOut(restoring, source, ownerOf) };
}

async function addOwned(
  { repository, snapshot, source }: RestoreItem,
  inPlace: boolean,
  owners: Map<string, string>,
  tools: StepTools,
): Promise<void> {
  const port = await source.open(tools);
  const { companions } = port.traits;
  if (companions === undefined) return;
  const engine = await repository.open(tools);
  await using restoring = await engine.restore(snapshot, { signal: tools.signal, onLost: () => {} });
  for await (const batch of restoring.entries()) {
    for (const { path, type } of batch) {
      const place = inPlace ? port.locate(path) : path;
      if (type === 'dir' || place === undefined) continue;
      for (const suffix of ['', ...companions]) owners.set(place + suffix, source.name);
    }
  }
}

function leaveOut(
  restoring: Restoring,
  source: Source,
  ownerOf: (source: Source, path: string) => string | undefined,
): Left {
  if (source.traits.companions !== undefined) return NO_OWNED_FILES.leaveOut(restoring, source);
  const left = new Map<string, string[]>();
  async function* entries(): ReturnType<Restoring['entries']> {
    for await (const batch of restoring.entries()) {
      yield batch.filter(({ path, type }) => {
        const owner = type === 'dir' ? undefined : ownerOf(source, path);
        if (owner !== undefined) left.set(owner, [...(left.get(owner) ?? []), displayName(path)]);
        return owner === undefined;
      });
    }
  }
  return {
    restoring: {
      facts: restoring.facts,
      entries,
      place: (files, how) => restoring.place(files, how),
      stream: (entry, how) => restoring.stream(entry, how),
      [Symbol.asyncDispose]: () => restoring[Symbol.asyncDispose](),
    },
    count: () => [...left.values()].reduce((sum, paths) => sum + paths.length, 0),
    notes: () =>
      [...left].map(([owner, paths]) => `left to source ${owner}, which restores it whole: ${paths.join(', ')}`),
  };
}
