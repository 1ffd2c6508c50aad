/** Keeps what a snapshot needs from being removed, where the store has locks and they are wanted. */
import { messageOf } from '../../base/errors.ts';
import type { Warning } from '../../sources/source.ts';
import type { How } from '../engine.ts';
import { loadIndex } from './load-index.ts';
import { markUsed } from './mark-used.ts';
import { packKey } from './pack-key.ts';
import { keyOf, type Repository } from './repository.ts';

export interface LockNeededHow extends How {
  readonly warn: (warning: Warning) => void;
}

/**
 * Called when all is stored that the tree leads to, before the snapshot is. What was put lately is locked long enough, so that most runs only look; where
 * a lock ends too soon, the trees tell whether the snapshot needs that pack. A lock that can not be set is warned about: a backup that can be
 * removed is better than none.
 */
export async function lockNeeded(repository: Repository, tree: string, how: LockNeededHow): Promise<void> {
  const keeping = repository.store.locks?.keeping;
  if (keeping === undefined) return;
  try {
    const { signal } = how;
    const [keys, indexes] = await Promise.all([
      repository.files('keys', { signal }),
      repository.files('index', { signal }),
    ]);
    const documents = [...keys.map(({ id }) => keyOf('keys', id)), ...indexes.map(({ id }) => keyOf('index', id))];
    await keeping.keep(['config', ...documents, ...(await neededPacks(repository, tree, how))], { signal });
  } catch (error) {
    how.signal.throwIfAborted();
    const message = `not all that the snapshot needs could be locked: ${messageOf(error)}`;
    how.warn({ code: 'lock.failed', path: '', message });
  }
}

/** The stored snapshot is asked about: a service may take a lock and not keep it. */
export async function confirmLocked(repository: Repository, id: string, how: LockNeededHow): Promise<void> {
  try {
    await repository.store.locks?.keeping?.confirm(keyOf('snapshots', id), { signal: how.signal });
  } catch (error) {
    how.signal.throwIfAborted();
    how.warn({ code: 'lock.failed', path: keyOf('snapshots', id), message: messageOf(error) });
  }
}

/** Keys of the packs that the tree needs, as far as their lock is due. */
async function neededPacks(repository: Repository, tree: string, { signal }: How): Promise<string[]> {
  const { table } = await loadIndex(repository, { signal });
  const numbers = new Map(Array.from({ length: table.packCount }, (_, pack) => [packKey(table, pack), pack]));
  const due = await repository.store.locks!.keeping!.due(numbers.keys(), { signal });
  if (due.length === 0) return [];
  const used = await markUsed(repository, table, [tree], { signal, kept: 'use' });
  const packs = new Set<number>();
  for (let entry = 0; entry < table.count; entry++) {
    if (used.has(entry) && table.isStored(entry)) packs.add(table.packOf(entry));
  }
  return due.filter((key) => packs.has(numbers.get(key)!));
}
