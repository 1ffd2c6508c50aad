/** Puts right what runs of a source that were killed have left. */
import type { How } from '../engine.ts';
import { type Inventory, takeInventory } from './list.ts';
import { isEntriesKey } from './record.ts';
import type { Repository } from './repository.ts';

/** Its lock is held. Returns what is recorded of the source. */
export async function recoverSource(repository: Repository, source: string, how: How): Promise<Inventory> {
  const { records, place } = repository;
  const isOwn = (name: string) => name.startsWith(`${source}/`);
  const all = await takeInventory(repository, how);
  const own: Inventory = {
    copies: all.copies.filter(({ copy }) => isOwn(copy)),
    unreadable: all.unreadable.filter(({ key }) => isOwn(key)),
  };
  const marks = new Map<string, string | undefined>(own.copies.map(({ copy, mark }) => [copy, mark]));
  for (const { key } of own.unreadable) marks.set(copyOfKey(key), undefined);
  await place.recover(source, marks, how);
  // Lists that no record names any more, or that none names because the run was killed before it did.
  if (own.unreadable.length > 0) return own;
  const named = new Set(own.copies.map(({ entriesKey }) => entriesKey));
  const lost: string[] = [];
  for await (const { key } of records.list(source, how)) if (isEntriesKey(key) && !named.has(key)) lost.push(key);
  for (const key of lost) await records.delete(key, how);
  return own;
}

function copyOfKey(key: string): string {
  return key.replace(/\.json$/, '');
}
