/**
 * Which snapshots are pinned. Pins are only ever added, and so is what lifts them: it names the pins that it lifts. Thus a pin holds until it
 * ends by itself or somebody who saw it takes it away, whatever clocks say; and what can not be read holds as well.
 */
import { displayName } from '../base/names.ts';

/** What tells a snapshot in its repository, also where another program wrote it anew with other tags. */
export interface PinnedSnapshot {
  readonly id: string;
  readonly time: Date;
  readonly host: string;
  readonly source: string;
  readonly paths: readonly string[];
}

export interface PinDocument extends Omit<PinnedSnapshot, 'id'> {
  readonly type: 'pin';
  readonly at: Date;
  /** When it ends; undefined: never. */
  readonly until: Date | undefined;
  /** Why, for people; '' where nobody said. */
  readonly reason: string;
  /** Who: `user@host`. */
  readonly by: string;
}

export interface UnpinDocument {
  readonly type: 'unpin';
  readonly at: Date;
  readonly by: string;
  /** Names of the pins that it lifts. */
  readonly lifts: readonly string[];
}

/** One pin, or what lifts some, as it is in a repository. */
export interface PinMark {
  /** Of the pin itself: nothing else has it. */
  readonly name: string;
  /** Id that the snapshot had. */
  readonly snapshot: string;
  /** Undefined: it can not be read. */
  readonly document: PinDocument | UnpinDocument | undefined;
}

/** A pin that holds a snapshot now. */
export interface ActivePin {
  readonly name: string;
  /** Undefined: it does not end. */
  readonly until: Date | undefined;
  readonly reason: string;
  readonly by: string;
  /** False: what it says can not be read, so it holds. */
  readonly isReadable: boolean;
}

/** The pins that hold each of the snapshots, by its id; those that are not pinned are missing. */
export function activePins(
  marks: readonly PinMark[],
  snapshots: readonly PinnedSnapshot[],
  now: Date,
): ReadonlyMap<string, readonly ActivePin[]> {
  const lifted = new Set(marks.flatMap(({ document }) => (document?.type === 'unpin' ? document.lifts : [])));
  const held = marks.filter((mark) => !lifted.has(mark.name) && holds(mark, now));
  const pinned = snapshots.flatMap((snapshot): [string, ActivePin[]][] => {
    const own = held.filter((mark) => isOf(mark, snapshot)).map(toActive);
    return own.length === 0 ? [] : [[snapshot.id, own]];
  });
  return new Map(pinned);
}

function holds({ document }: PinMark, now: Date): boolean {
  if (document === undefined) return true;
  if (document.type === 'unpin') return false;
  // A time that is none, of the pin or of this machine, ends nothing.
  return document.until === undefined || !(document.until.getTime() <= now.getTime());
}

function isOf({ snapshot, document }: PinMark, one: PinnedSnapshot): boolean {
  if (snapshot === one.id) return true;
  if (document?.type !== 'pin') return false;
  const { time, host, source, paths } = document;
  const isSame = time.getTime() === one.time.getTime() && host === one.host && source === one.source;
  return isSame && JSON.stringify(paths) === JSON.stringify(one.paths);
}

function toActive({ name, document }: PinMark): ActivePin {
  if (document?.type !== 'pin') return { name, until: undefined, reason: '', by: '', isReadable: false };
  const { until, reason, by } = document;
  return { name, until, reason, by, isReadable: true };
}

/** `pinned until 2027-01-01 by anna@host: for the audit`; for lists of reasons, without what steers a terminal. */
export function pinText({ until, reason, by, isReadable }: ActivePin): string {
  if (!isReadable) return 'pinned, by a pin that can not be read';
  const end = until === undefined ? '' : ` until ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return displayName(`pinned${end} by ${by}${reason === '' ? '' : `: ${reason}`}`);
}
