import type { Entry, Reading } from '../../../sources/source.ts';
import type { How } from '../../engine.ts';
import type { Prepared } from '../place.ts';
import type { ListedEntry } from '../record.ts';
import type { Base } from './base.ts';

/** Where asking costs a way to another host, attributes are asked for what is new: what looks the same has those it had. */
export async function withXattrs(
  reading: Reading,
  entries: readonly Entry[],
  { files, xattrs: xattrsOf }: Prepared,
  base: Base | undefined,
  how: How,
): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = [];
  const isHere = xattrsOf !== undefined || (reading.tree !== undefined && reading.tree.shell === undefined);
  for (let at = 0; at < entries.length; at += 1024) {
    how.signal.throwIfAborted();
    const batch = entries.slice(at, at + 1024).filter(({ type, path }) => type !== 'file' || files.has(path));
    const asked = batch.filter(
      ({ type, path }) => isHere || type !== 'file' || files.get(path) !== base?.files.get(path),
    );
    const found = await (xattrsOf ?? ((of) => reading.xattrs(of)))(asked);
    const fresh = new Map(asked.map((entry, index) => [entry, found[index] ?? []]));
    for (const entry of batch) {
      const sizeBytes = files.get(entry.path)?.sizeBytes ?? entry.sizeBytes;
      const xattrs = fresh.get(entry) ?? base?.xattrs.get(entry.path) ?? [];
      listed.push({ entry: sizeBytes === entry.sizeBytes ? entry : { ...entry, sizeBytes }, xattrs });
    }
  }
  return listed;
}
