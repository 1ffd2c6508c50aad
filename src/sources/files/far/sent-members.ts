import { splitDevice } from '../../../base/device-number.ts';
import type { TarMember } from '../../../base/tar/pack.ts';
import type { TarEntry } from '../../../base/tar/tar-entry.ts';
import type { RestoredEntry } from '../../source.ts';
import type { FarHead } from './listing-parser.ts';
import type { Sent } from './send-content.ts';
import type { TarDialect } from './tar-dialect.ts';
import type { PlannedMember } from './write-plan.ts';

interface MembersHow {
  readonly head: FarHead;
  readonly isRoot: boolean;
  readonly dialect: TarDialect;
}

/** What is sent, as `tar` there takes it. */
export async function* membersOf(sent: AsyncIterable<Sent>, to: MembersHow): AsyncGenerator<TarMember> {
  for await (const { member, content } of sent) yield { entry: toTarEntry(member, to), content };
}

function toTarEntry({ entry, linkTo }: PlannedMember, to: MembersHow): TarEntry {
  const { uid, gid, user, group, mtimeNs, linkTarget, deviceNumber } = entry;
  const head = { name: `./${entry.path}`, mode: safeMode(entry, to), uid, gid, user, group, mtimeNs };
  if (linkTo !== undefined) return { ...head, type: 'hardlink', linkTarget: `./${linkTo}`, sizeBytes: 0, xattrs: [] };
  const type = entry.type as TarEntry['type'];
  const xattrs = to.dialect.hasXattrs ? entry.xattrs : [];
  return {
    ...{ ...head, type, xattrs, sizeBytes: type === 'file' ? entry.sizeBytes : 0 },
    ...(linkTarget !== undefined && { linkTarget }),
    ...(deviceNumber !== undefined && { device: splitDevice(deviceNumber) }),
  };
}

/** A file that ran with its owner's rights must not run with those of whoever restores it. */
export function safeMode(entry: RestoredEntry, { head, isRoot }: Pick<MembersHow, 'head' | 'isRoot'>): number {
  if (isRoot) return entry.mode;
  const withoutUser = entry.uid === head.uid ? entry.mode : entry.mode & ~0o4000;
  return entry.type === 'dir' ? withoutUser : withoutUser & ~0o2000;
}
