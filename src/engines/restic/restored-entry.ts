/** A node as the port's entry. */
import type { RestoredEntry } from '../../sources/source.ts';
import type { WalkedNode } from './walk.ts';

/** What the `handle` of a restored entry is: the ids of its data blobs, in order. */
export type ContentHandle = readonly string[];

/** Undefined for a kind of file that can not be restored, such as restic's `irregular`. */
export function restoredEntry({ path, node }: WalkedNode): RestoredEntry | undefined {
  if (node.type === undefined) return undefined;
  const handle: ContentHandle = node.content;
  const entry = {
    path,
    type: node.type,
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    user: node.user,
    group: node.group,
    mtimeNs: node.mtimeNs,
    ctimeNs: node.ctimeNs,
    sizeBytes: node.type === 'file' ? node.sizeBytes : 0,
    inode: node.inode,
    device: node.deviceId,
    links: node.links,
    xattrs: node.xattrs,
    handle,
  };
  // Added where they are, and spread nowhere: there are many entries, and few links and devices among them.
  if (node.type === 'symlink') return Object.assign(entry, { linkTarget: node.linkTarget ?? '' });
  if (node.type === 'dev' || node.type === 'chardev') return Object.assign(entry, { deviceNumber: node.deviceNumber });
  return entry;
}
