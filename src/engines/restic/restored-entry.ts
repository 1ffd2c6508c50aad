/** A node as the port's entry. */
import type { RestoredEntry } from '../../sources/source.ts';
import type { Node } from './format/node.ts';
import type { WalkedNode } from './walk.ts';

/** What the `handle` of a restored entry is: the ids of its data blobs, in order. */
export type ContentHandle = readonly string[];

/** Undefined for a kind of file that can not be restored, such as restic's `irregular`. */
export function restoredEntry({ path, node }: WalkedNode): RestoredEntry | undefined {
  if (node.type === undefined) return undefined;
  const handle: ContentHandle = node.content;
  return {
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
    ...optional(node),
    xattrs: node.xattrs,
    handle,
  };
}

function optional(node: Node): Pick<RestoredEntry, 'linkTarget' | 'deviceNumber'> {
  const isDevice = node.type === 'dev' || node.type === 'chardev';
  return {
    ...(node.type === 'symlink' && { linkTarget: node.linkTarget ?? '' }),
    ...(isDevice && { deviceNumber: node.deviceNumber }),
  };
}
