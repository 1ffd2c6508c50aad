import { SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { Content, Entry, Warning, Xattr } from '../../source.ts';
import type { TarDialect } from './tar-dialect.ts';
import { type SentFile, tarOut } from './tar-out.ts';
import type { TarWord } from './tar-words.ts';

export interface FarContentHow {
  readonly source: string;
  readonly reach: Reach;
  readonly folder: string | undefined;
  readonly dialect: TarDialect;
  readonly warn: (warning: Warning) => void;
  /** The path there that programs are given. */
  readonly pathOf: (entry: Entry) => string;
  /** Whether the entry is what a link there leads to. */
  readonly isFollowed: (entry: Entry) => boolean;
}

const NONE: readonly Xattr[] = [];
const REASONS: Readonly<Partial<Record<TarWord['kind'], string>>> = {
  denied: 'permission denied',
  long: 'its path is too long',
};
const NS_PER_S = 1_000_000_000n;

/** Contents and attributes of files of another host. One stream brings both. */
export class FarContent {
  readonly #how: FarContentHow;
  /** Attributes of files whose content has not come yet. */
  readonly #xattrs = new WeakMap<Entry, Xattr[]>();
  /** Files that were asked for and did not come. */
  goneFiles = 0;

  constructor(how: FarContentHow) {
    this.#how = how;
  }

  /** Those of a file are filled in when its content comes. */
  async xattrs(entries: readonly Entry[], signal: AbortSignal): Promise<readonly (readonly Xattr[])[]> {
    if (!this.#how.dialect.hasXattrs) return entries.map(() => NONE);
    const others = entries.filter(({ type }) => type !== 'file' && type !== 'socket');
    const found = new Map<Entry, readonly Xattr[]>();
    for (const run of this.#runs(others)) {
      const sent = tarOut(run.map(this.#how.pathOf), this.#tarHow(run, signal));
      for (let step = await sent.next(); ; step = await sent.next()) {
        if (step.done === true) {
          this.#explain(run, [], step.value.words);
          break;
        }
        const entry = run[step.value.index]!;
        found.set(entry, sorted(step.value.member.xattrs));
      }
    }
    return entries.map((entry) => found.get(entry) ?? this.#laterXattrs(entry));
  }

  #laterXattrs(entry: Entry): readonly Xattr[] {
    if (entry.type !== 'file') return NONE;
    let later = this.#xattrs.get(entry);
    if (later === undefined) {
      later = [];
      this.#xattrs.set(entry, later);
    }
    return later;
  }

  async *content(entries: readonly Entry[], signal: AbortSignal): AsyncGenerator<Content> {
    for (const run of this.#runs(entries)) yield* this.#contentOf(run, signal);
  }

  async *#contentOf(run: readonly Entry[], signal: AbortSignal): AsyncGenerator<Content> {
    const gone: Entry[] = [];
    const sent = tarOut(run.map(this.#how.pathOf), this.#tarHow(run, signal));
    try {
      let next = 0;
      for (let step = await sent.next(); ; step = await sent.next()) {
        const until = step.done === true ? run.length : step.value.index;
        for (; next < until; next++) {
          gone.push(run[next]!);
          this.goneFiles += 1;
          yield { kind: 'gone' };
        }
        if (step.done === true) {
          this.#explain(run, gone, step.value.words);
          return;
        }
        next += 1;
        yield this.#take(run[step.value.index]!, step.value);
      }
    } finally {
      // Whoever wants no more ends the stream.
      await sent.return({ words: [] });
    }
  }

  #take(entry: Entry, { member, content }: SentFile): Content {
    if (member.type !== 'file') {
      this.#warn('entry.changed', entry, 'is not a regular file any more');
      return { kind: 'gone' };
    }
    const isOther = member.sizeBytes !== entry.sizeBytes || isOtherTime(entry, member.mtimeNs);
    if (isOther) this.#warn('entry.changed', entry, 'changed while it was read');
    const later = this.#xattrs.get(entry);
    later?.splice(0, later.length, ...sorted(member.xattrs));
    return { kind: 'stream', chunks: content };
  }

  /** Parts that one `tar` can send: it either follows links or not, and not every one sends two names of one file as two files. */
  #runs(entries: readonly Entry[]): Entry[][] {
    const { dialect, isFollowed } = this.#how;
    const runs: Entry[][] = [];
    let seen = new Set<string>();
    for (const entry of entries) {
      const last = runs.at(-1);
      const key = `${entry.device}:${entry.inode}`;
      const isTwin = dialect.kind !== 'gnu' && entry.links > 1 && seen.has(key);
      const before = last?.at(-1);
      if (last !== undefined && before !== undefined && !isTwin && isFollowed(before) === isFollowed(entry))
        last.push(entry);
      else {
        runs.push([entry]);
        seen = new Set();
      }
      if (entry.links > 1) seen.add(key);
    }
    return runs;
  }

  #tarHow(run: readonly Entry[], signal: AbortSignal) {
    const { source, reach, folder, dialect, isFollowed } = this.#how;
    return { source, reach, folder, dialect, signal, follow: isFollowed(run[0]!) };
  }

  /** Warns of what was said, and of everything that did not come. Throws `source.unreadable` for content that is not what is in a file. */
  #explain(run: readonly Entry[], gone: readonly Entry[], words: readonly TarWord[]): void {
    const byPath = new Map(words.flatMap((word) => (word.path === undefined ? [] : [[word.path, word] as const])));
    const lost = new Set(gone);
    for (const entry of run) {
      const word = byPath.get(this.#how.pathOf(entry));
      if (word?.kind === 'broken' && !lost.has(entry)) throw this.#broken(entry, word.message);
      if (word === undefined && !lost.has(entry)) continue;
      if (word?.kind === 'gone') this.#warn('entry.vanished', entry, 'vanished before it could be read');
      else if (word?.kind === 'changed') {
        // What is in a directory was listed before; others come and go in those above the roots.
        if (entry.type === 'file') this.#warn('entry.changed', entry, 'changed while it was read');
      } else if (word?.kind === 'xattr')
        this.#warn('attribute.unreadable', entry, `has attributes that can not be read: ${word.message}`);
      else {
        const why = word === undefined ? 'it did not come' : (REASONS[word.kind] ?? word.message);
        this.#warn('entry.unreadable', entry, `can not be read: ${why}`);
      }
    }
    for (const { path, message } of words) {
      if (path === undefined) this.#how.warn({ code: 'entry.unchecked', path: '', message: `tar there: ${message}` });
    }
  }

  #broken(entry: Entry, why: string): SuretyError {
    const path = displayName(this.#how.pathOf(entry));
    return new SuretyError('source.unreadable', `${path} of source ${this.#how.source} can not be read: ${why}`, {
      hint: 'look at the disk there; a file that is lost can be left out with `exclude`',
      details: { source: this.#how.source, path },
    });
  }

  #warn(code: string, { path }: Entry, message: string): void {
    this.#how.warn({ code, path, message });
  }
}

/** A header has room for whole seconds from 1970 on. */
const HEADER_SECONDS = 8n ** 11n;

function isOtherTime({ mtimeNs }: Entry, sentNs: bigint): boolean {
  const seconds = mtimeNs / NS_PER_S;
  return mtimeNs >= 0n && seconds < HEADER_SECONDS && sentNs / NS_PER_S !== seconds;
}

function sorted(xattrs: readonly Xattr[]): Xattr[] {
  return xattrs.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
