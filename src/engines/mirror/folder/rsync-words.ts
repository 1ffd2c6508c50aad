/** What `rsync` says of entries that it left out, and of attributes that it could not set. */
import { decodeName } from '../../../base/names.ts';
import type { Entry, Warning } from '../../../sources/source.ts';

export interface RsyncWords {
  /** One line, each byte a character. */
  hear(line: string): void;
  /** Whether all that was said is known to mean no more than what is told here. */
  readonly areUnderstood: boolean;
  readonly warnings: readonly Warning[];
  /** Paths of entries that are not there. */
  readonly leftOut: readonly string[];
  /** Of these, those that are in the source and could not be read. */
  readonly unread: readonly string[];
  /** The last lines, for people. */
  tail(): string;
}

const LEFT_OUT =
  /^rsync: (?:\[\w+\] )?(?:send_files failed to open|link_stat|readlink_stat|opendir|change_dir)(?: |\()"(.*)"\)?(?: failed)?: (Permission denied|No such file or directory) \(\d+\)$/;
const VANISHED = /^file has vanished: "(.*)"$/;
/** Where the file system of the copy keeps no attributes: they are in the record. */
const UNSET =
  /^rsync: (?:\[\w+\] )?(?:set_acl|rsync_xal_set|rsync_xal_clear|sys_acl_\w+)\b.*: Operation not supported \(\d+\)$/;
const SUMMARY = /^rsync (?:error|warning): /;
const SHOWN_LINES = 3;

/** `base`: the folder that the entries were read from. */
export function listenTo(entries: readonly Entry[], base: string): RsyncWords {
  const known = new Map(entries.map((entry) => [entry.path, entry]));
  const leftOut = new Set<string>();
  const unread = new Set<string>();
  const warnings: Warning[] = [];
  const last: string[] = [];
  let strange = 0;
  let heard = 0;
  let unset = 0;

  function entryOf(shown: string): Entry | undefined {
    const path = shownPath(shown);
    if (path.startsWith(`${base}/`)) return known.get(path.slice(base.length + 1));
    // A folder may be shown by another of its names.
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      const found = known.get(path.slice(at + 1));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  function leaveOut(shown: string, isUnread: boolean, message: string): void {
    const entry = entryOf(shown);
    if (entry === undefined) {
      strange += 1;
      return;
    }
    const { path } = entry;
    leftOut.add(path);
    if (isUnread) unread.add(path);
    warnings.push({ code: isUnread ? 'entry.unreadable' : 'entry.vanished', path, message });
  }

  return {
    hear(line) {
      if (line.trim() === '') return;
      last.push(line);
      if (last.length > SHOWN_LINES) last.shift();
      if (SUMMARY.test(line)) return;
      heard += 1;
      const match = LEFT_OUT.exec(line);
      const vanished = VANISHED.exec(line)?.[1];
      if (match !== null) leaveOut(match[1] ?? '', match[2] === 'Permission denied', line);
      else if (vanished !== undefined) leaveOut(vanished, false, line);
      else if (UNSET.test(line)) unset += 1;
      else strange += 1;
    },
    get areUnderstood() {
      return heard > 0 && strange === 0;
    },
    get warnings() {
      if (unset === 0) return warnings;
      const message = `the file system of the mirror does not keep all attributes or ACLs; they are recorded: ${last.at(-1)}`;
      return [...warnings, { code: 'attribute.unwritable', path: '', message }];
    },
    get leftOut() {
      return [...leftOut];
    },
    get unread() {
      return [...unread];
    },
    tail: () => last.join('\n'),
  };
}

/** What can not be printed is shown as `\#` and three octal digits. */
export function shownPath(shown: string): string {
  const bytes = shown.replaceAll(/\\#([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return decodeName(Buffer.from(bytes, 'latin1'));
}
