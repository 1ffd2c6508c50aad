import { SuretyError } from '../../../base/errors.ts';
import { decodeName, encodeName } from '../../../base/names.ts';
import { findRecord, type ListedRecord, statRecords } from './listed-record.ts';
import { type Listed, ListedTree } from './listed-tree.ts';
import { WordReader } from './listing-words.ts';
import type { Start } from './starts.ts';

/** What was found out about a host before anything is listed. */
export interface FarHead {
  readonly variant: 'gnu' | 'stat' | 'python' | 'none';
  /** The folder in which commands begin there. */
  readonly folder: string;
  readonly uid: number;
  /** Programs that are there. */
  readonly tools: ReadonlySet<string>;
  /** The first line of what `tar --version` says. */
  readonly tarVersion: string;
  /** Of users and groups: lines `NAME:NUMBER`. */
  readonly users: string;
  readonly groups: string;
}

/** How a part of a listing ended. */
export interface SectionEnd {
  readonly code: number;
  /** What was said on stderr, decoded as a name is. */
  readonly said: string;
}

/** What is known of a start. */
export interface StartFacts {
  /** Its number in the tree; undefined where it is not there. */
  at?: number;
  end: SectionEnd;
  isReadable: boolean;
  /** The directory above it, links followed; undefined of what is no directory. */
  above?: Listed;
  /** Of its own listing. */
  tree?: SectionEnd;
  /** What was there when everything was listed. */
  after?: Listed;
}

interface Section {
  readonly kind: string;
  /** Of its start. */
  readonly index: number;
}

const HEAD_WORDS = 8;
const NO_BYTES = Buffer.alloc(0);
const NO_NAMES = [NO_BYTES, Buffer.from('.'), Buffer.from('..')];
const NOT_YET: SectionEnd = { code: -1, said: '' };

/** Takes the output of {@link import('./list-script.ts').listScript} apart. Throws `source.failed` for what can not be its output. */
export class ListingParser {
  readonly tree = new ListedTree();
  readonly facts: readonly StartFacts[];
  head: FarHead | undefined;
  /** Everything about the starts is known. */
  isBegun = false;
  isComplete = false;
  /** What is at the paths that were asked for by name; the numbers in the tree. */
  readonly named = new Map<string, number>();
  readonly #starts: readonly Start[];
  readonly #nonce: Buffer;
  readonly #words = new WordReader((bytes, from, to) => this.#take(bytes, from, to));
  readonly #headWords: string[] = [];
  #section: Section | undefined;
  #record: ListedRecord | undefined;
  #code: number | undefined;
  /** The directory at each depth, of the tree that is being listed. */
  #stack: { readonly at: number; readonly path: Buffer }[] = [];
  #isTagged = false;
  /** Paths of valid tags, where they are told apart from the rest. */
  readonly tags: { readonly start: Start; readonly path: string }[] = [];

  constructor(starts: readonly Start[], nonce: string) {
    this.#starts = starts;
    this.#nonce = Buffer.from(nonce);
    this.facts = starts.map(() => ({ end: NOT_YET, isReadable: true }));
  }

  add(chunk: Uint8Array): void {
    this.#words.add(chunk);
  }

  #take(bytes: Buffer, from: number, to: number): void {
    if (this.head === undefined) this.#takeHead(decodeName(bytes.subarray(from, to)));
    else if (this.#section === undefined) this.#takeBetween(bytes.toString('latin1', from, to));
    else if (this.#code !== undefined) this.#endSection(this.#code, decodeName(bytes.subarray(from, to)));
    else if (this.#record !== undefined) this.#keep({ ...this.#record, target: bytes.subarray(from, to) });
    else if (bytes[from] === 0x3c) this.#code = Number(bytes.toString('latin1', from + 1, to));
    else this.#takeIn(this.#section, bytes, from, to);
  }

  #takeHead(word: string): void {
    this.#headWords.push(word);
    if (this.#headWords[0] !== 'surety-listing') throw strange(word);
    if (this.#headWords.length < HEAD_WORDS) return;
    const [, variant, folder, uid, tools, tarVersion, users, groups] = this.#headWords as [string, ...string[]];
    this.head = {
      variant: variant as FarHead['variant'],
      folder: folder!,
      uid: Number(uid),
      tools: new Set(tools!.split(' ')),
      ...{ tarVersion: tarVersion!, users: users!, groups: groups! },
    };
  }

  #takeBetween(word: string): void {
    const found = /^>([prmtkqn])(\d+)$/.exec(word);
    if (word === '=') this.isBegun = true;
    else if (word === '.') this.isComplete = true;
    else if (found === null || (found[1] !== 'n' && this.#starts[Number(found[2])] === undefined)) throw strange(word);
    else {
      this.#section = { kind: found[1]!, index: Number(found[2]) };
      const at = this.facts[this.#section.index]?.at;
      if (this.#section.kind === 't' && at !== undefined)
        this.#stack = [{ at, path: encodeName(this.#starts[this.#section.index]!.path) }];
    }
  }

  #takeIn({ kind, index }: Section, bytes: Buffer, from: number, to: number): void {
    if (kind === 'k') this.tags.push({ start: this.#starts[index]!, path: decodeName(bytes.subarray(from, to)) });
    else if (this.head!.variant === 'stat') {
      for (const record of statRecords(bytes.subarray(from, to), this.#nonce)) {
        if (record === undefined) throw strange('something that stat does not say');
        this.#keep(record);
      }
    } else if (bytes[from] === 0x23) this.#isTagged = true;
    else {
      this.#record = findRecord(bytes, from, to, NO_BYTES);
      if (this.#record === undefined) throw strange(bytes.toString('latin1', from, Math.min(to, from + 100)));
    }
  }

  #keep(record: ListedRecord): void {
    this.#record = undefined;
    const { kind, index } = this.#section!;
    if (kind === 'n') {
      this.named.set(decodeName(record.name), this.tree.add(undefined, record.listed, NO_BYTES, record.target));
      return;
    }
    const facts = this.facts[index]!;
    if (kind === 'p') facts.at = this.tree.add(undefined, record.listed, NO_BYTES, NO_BYTES);
    else if (kind === 'm') facts.above = record.listed;
    else if (kind === 'q') facts.after = record.listed;
    else this.#keepBelow(record);
  }

  #keepBelow({ listed, depth, name, target }: ListedRecord): void {
    const parent = depth === undefined ? this.#parentOf(name) : this.#stack[depth - 1];
    const own = depth === undefined ? name.subarray(name.lastIndexOf(0x2f) + 1) : name;
    if (parent === undefined || own.includes(0x2f) || NO_NAMES.some((one) => own.equals(one)))
      throw strange(decodeName(name));
    if (this.tree.type(parent.at) !== 'dir') throw strange(decodeName(name));
    const at = this.tree.add(parent.at, listed, own, target);
    if (this.#isTagged) this.tree.markCache(parent.at);
    this.#isTagged = false;
    this.#stack.length = depth ?? this.#stack.length;
    // Names are views of what came over the line: only what is needed is kept.
    if (listed.type === 'dir') this.#stack.push({ at, path: depth === undefined ? name : NO_BYTES });
  }

  /** Of a path: whoever is in a directory comes after it and before what is beside it. */
  #parentOf(path: Buffer): { readonly at: number; readonly path: Buffer } | undefined {
    const end = path.lastIndexOf(0x2f);
    const folder = path.subarray(0, Math.max(end, 0));
    while (this.#stack.length > 0) {
      const top = this.#stack.at(-1)!;
      const own = top.path.length === 1 && top.path[0] === 0x2f ? NO_BYTES : top.path;
      if (own.equals(folder)) return top;
      this.#stack.pop();
    }
    return undefined;
  }

  #endSection(code: number, said: string): void {
    const { kind, index } = this.#section!;
    this.#section = undefined;
    this.#code = undefined;
    if (kind === 'n') {
      if (code !== 0) throw strange('the end of what was asked for by name');
      return;
    }
    const facts = this.facts[index]!;
    if (kind === 'p') facts.end = { code, said };
    else if (kind === 'r') facts.isReadable = code === 0;
    else if (kind === 't') facts.tree = { code, said };
  }
}

function strange(word: string): SuretyError {
  return new SuretyError('source.failed', 'the listing of another host can not be understood', {
    details: { word: word.slice(0, 200) },
  });
}
