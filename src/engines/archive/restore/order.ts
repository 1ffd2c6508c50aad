/** Brings the members of an archive into the order that restores rely on. What Surety wrote is in it already. */
import { comparePaths } from '../../../base/names.ts';
import { LineSpool } from '../../line-spool.ts';
import type { IndexRecord } from './index-record.ts';

/** Notices members that are out of order, twice there, or without the directories above them. */
export class OrderCheck {
  readonly #open: string[] = [];
  #last = '';
  ordered = true;

  add({ path, type }: IndexRecord): void {
    if (!this.ordered) return;
    const parent = parentOf(path);
    while (this.#open.length > 0 && this.#open.at(-1) !== parent) this.#open.pop();
    this.ordered = (this.#open.at(-1) ?? '') === parent && (this.#last === '' || comparePaths(this.#last, path) < 0);
    this.#last = path;
    if (type === 'dir') this.#open.push(path);
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The same records in order, of several with one path the last, and directories where some are missing. Holds all of them in memory. */
export async function inOrder(records: LineSpool<IndexRecord>): Promise<LineSpool<IndexRecord>> {
  const byPath = new Map<string, IndexRecord>();
  for await (const record of records.values()) byPath.set(record.path, record);
  for (const record of [...byPath.values()]) {
    for (let path = parentOf(record.path); path !== '' && !byPath.has(path); path = parentOf(path)) {
      byPath.set(path, missingDirectory(path, record));
    }
  }
  const sorted = new LineSpool<IndexRecord>();
  for (const path of [...byPath.keys()].sort(comparePaths)) await sorted.add(byPath.get(path)!);
  return sorted;
}

/** As tar makes one: of the owner and time of what is in it. */
function missingDirectory(path: string, { uid, gid, user, group, mtime_ns }: IndexRecord): IndexRecord {
  return { path, type: 'dir', mode: 0o755, uid, gid, user, group, mtime_ns, size_bytes: 0, ordinal: -1 };
}
