/**
 * The port of everything that can be protected. **Every source yields a stream of entries**; a dump is one entry.
 *
 * Reading is pulled, in batches: an engine first sees the metadata of all entries in name order and compares it with the parent
 * snapshot; only then does it ask for extended attributes and content of what changed. A local source answers with a
 * path, which an engine's worker opens itself; a dump answers with its stream.
 *
 * Writing is the mirror: the source sees the metadata of all entries to restore and says, batch by batch, where the
 * content of each goes: a local path that the engine's workers fill, or a stream it consumes itself.
 *
 * Error codes: `source.missing`, `source.unmounted`, `source.empty`, `source.unreadable`, `source.locked`, `source.corrupt`,
 * `source.failed`, `source.tool-missing` (a program that is needed is not installed), `source.tool-too-old` (a client older than its
 * server), `source.unreachable` (the server does not answer; retry later), `source.denied` (wrong password, missing rights),
 * `source.incomplete` (a dump without its end), `source.stale` (older than it may be), `target.not-empty`, `target.escapes`, `target.exists`, `target.denied`, `target.full`, `target.failed`.
 * A source that stops what uses it: `service.not-started`. Each names the source and the path.
 */
import type { SuretyError } from '../base/errors.ts';
import type { ReadHow, Reading } from './reading.ts';
import type { Restoring, WriteHow, WriteReport } from './restoring.ts';

export * from './entry.ts';
export type * from './facts.ts';
export * from './reading.ts';
export * from './restoring.ts';

export interface Source extends AsyncDisposable {
  readonly traits: SourceTraits;
  /**
   * Checks that the source is there and begins to read it. Throws when it is missing, unmounted or unreadable as a whole, and where that can
   * be seen at once, when it is empty and was not before.
   */
  read(how: ReadHow): Promise<Reading>;
  /** Restores entries. Throws only for failures of the whole; failures of single entries are in the report. */
  write(restoring: Restoring, how: WriteHow): Promise<WriteReport>;
  /** The original place of an entry on this host, links followed. Undefined when it has none. */
  locate(entryPath: string): string | undefined;
  /** Of a source that restores into a server: what a restore would meet there now. Throws where the server can not be asked. */
  readonly restoreOutlook?: ((how: { readonly signal: AbortSignal }) => Promise<RestoreOutlook>) | undefined;
}

export interface RestoreOutlook {
  /** What replacing the databases would be refused for, with its remedy. Undefined: nothing that can be told without trying. */
  readonly obstacle: SuretyError | undefined;
  /** What earlier restores left in the server. */
  readonly old: readonly OldDatabase[];
}

export interface OldDatabase {
  /** As it can be shown to a person. */
  readonly name: string;
  /** `kept`: what a restore replaced. `unfinished`: of one that goes on or was killed. */
  readonly state: 'kept' | 'unfinished';
  /** Undefined where this user may not know. */
  readonly sizeBytes: number | undefined;
}

export interface SourceTraits {
  /** The name in the configuration. */
  readonly name: string;
  /** `files`, `sqlite`, `postgres`, … */
  readonly kind: string;
  /**
   * Given by a source whose files are only whole when it writes them itself, as databases are: endings of the files that
   * their program keeps beside them. Where another source has files of these names, they are left alone in a restore of both.
   */
  readonly companions?: readonly string[];
  /** True when entries go into a running server instead of to paths: then {@link WriteHow.server} says how, and `target` is undefined. */
  readonly restoresIntoServer?: boolean;
}
