/** Looks at what was written on another host: what is there counts, not what was said. */
import { SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import type { RestoredEntry, WriteHow } from '../../source.ts';
import type { Roots } from '../roots.ts';
import type { Tally } from '../tally.ts';
import type { FarHead } from './listing-parser.ts';
import { safeMode } from './sent-members.ts';
import type { TarDialect } from './tar-dialect.ts';
import type { Found, PlannedMember } from './write-plan.ts';

export interface CheckWrittenHow {
  readonly roots: Roots;
  readonly how: WriteHow;
  readonly tally: Tally;
  /** What was there before, and what is there now. */
  readonly before: (entryPath: string) => Found | undefined;
  readonly find: (entryPath: string) => Found | undefined;
  /** What `tar` there said, line by line. */
  readonly said: readonly string[];
  readonly head: FarHead;
  readonly isRoot: boolean;
  readonly dialect: TarDialect;
}

const NS_PER_S = 1_000_000_000n;

/** Counts what is there as it was to be, reports what is not, and warns of attributes that are not as they were. */
export function checkWritten(members: readonly PlannedMember[], to: CheckWrittenHow): void {
  const checker = new Checker(to);
  for (const member of members) checker.check(member);
  checker.checkSaid();
}

class Checker {
  readonly #to: CheckWrittenHow;
  /** What is warned of once, however many entries it is about. */
  readonly #warned = new Set<string>();

  constructor(to: CheckWrittenHow) {
    this.#to = to;
  }

  check({ entry, linkTo }: PlannedMember): void {
    const { tally, before, find, roots } = this.#to;
    const found = find(entry.path);
    const { type, sizeBytes } = found?.listed ?? { type: undefined, sizeBytes: 0 };
    const isThere = type === entry.type && (type !== 'file' || sizeBytes === entry.sizeBytes);
    const isLinked = linkTo === undefined || find(linkTo)?.listed.inode === found?.listed.inode;
    const isTarget = type !== 'symlink' || found?.linkTarget === entry.linkTarget;
    const isUntouched = isThere && isSameAsBefore(entry, before(entry.path), found!);
    if (!isThere || !isLinked || !isTarget || isUntouched) {
      const path = displayName(roots.locate(entry.path) ?? entry.path);
      const seen = isUntouched ? 'it is still what it was before' : 'it is not what it was to be';
      const why = this.#wordsAbout(entry.path) ?? (found === undefined ? 'it is not there' : seen);
      const code = /Permission denied|Operation not permitted|Read-only/.test(why) ? 'target.denied' : 'target.failed';
      tally.fail(entry, new SuretyError(code, `${path} can not be restored: ${why}`, { details: { path } }));
      return;
    }
    if (entry.type === 'dir') tally.count('dirs');
    else if (entry.type === 'file') tally.count('files', linkTo === undefined ? entry.sizeBytes : 0);
    else tally.count('others');
    this.#checkAttributes(entry, found!);
  }

  #checkAttributes(entry: RestoredEntry, { listed }: Found): void {
    const { isRoot, dialect, roots, head } = this.#to;
    const isOwner = listed.uid === entry.uid && listed.gid === entry.gid;
    if (!isOwner && isRoot) this.#say('owner', entry.path, 'its owner could not be set');
    else if (!isOwner && roots.standing(entry.path) !== 'above')
      this.#once('owner', entry.path, 'owners are not restored: only root can give files to others');
    // Links have no mode of their own.
    if (entry.type !== 'symlink' && listed.mode !== safeMode(entry, { head, isRoot }))
      this.#say('mode', entry.path, 'its mode could not be set');
    const isExact = listed.mtimeNs === entry.mtimeNs;
    if (!isExact && floor(listed.mtimeNs) !== floor(entry.mtimeNs))
      this.#say('time', entry.path, 'its time could not be set');
    else if (!isExact) this.#once('time', entry.path, 'times are restored to the second: the tar there knows no more');
    if (entry.xattrs.length > 0 && !dialect.hasXattrs)
      this.#once(
        'xattrs',
        entry.path,
        'extended attributes and ACLs are not restored: the tar there does not know them',
      );
  }

  /** Of attributes nothing is to be seen but what is said. */
  checkSaid(): void {
    for (const line of this.#to.said) {
      if (/xattr|acl|capabilit/i.test(line)) this.#once(`said ${line.replace(/^tar: .*?: /, '')}`, '', line);
    }
  }

  #wordsAbout(entryPath: string): string | undefined {
    const shown = `./${entryPath}: `;
    const line = this.#to.said.find((one) => one.includes(shown));
    const words = line?.slice(line.indexOf(shown) + shown.length).trim();
    return words === 'Cannot open: File exists' ? 'what is there can not be removed (Read-only?)' : words;
  }

  #once(key: string, path: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#say(key, path, message);
  }

  #say(_what: string, path: string, message: string): void {
    this.#to.how.warn({ code: 'attribute.unwritable', path, message });
  }
}

/**
 * What could not be replaced may have the size of what was to replace it; but whatever is written has another time of change. Where times
 * are whole seconds, that of what was changed just before may be the same.
 */
function isSameAsBefore(entry: RestoredEntry, before: Found | undefined, { listed }: Found): boolean {
  if (before === undefined || entry.type === 'dir') return false;
  const { inode, device, ctimeNs } = before.listed;
  if (listed.inode !== inode || listed.device !== device || listed.ctimeNs !== ctimeNs) return false;
  return floor(ctimeNs) !== ctimeNs || floor(listed.mtimeNs) !== floor(entry.mtimeNs);
}

function floor(timeNs: bigint): bigint {
  const rest = timeNs % NS_PER_S;
  return timeNs - (rest < 0n ? rest + NS_PER_S : rest);
}
