import { systemClock } from '../../base/clock.ts';
import { compareNames, displayName, sortNames } from '../../base/names.ts';
import { dumpEntry } from '../dump-entry.ts';
import type { Content, ContentHow, Entry, ReadHow, Reading, Xattr } from '../source.ts';
import { toolOutput } from '../tool.ts';
import { checkedDump, incomplete } from './checked-dump.ts';
import { dumpAllArguments } from './dump-arguments.ts';
import { DUMP_NAME, type DumpedDatabase, type DumpOrder, dumpToFolder, streamDump } from './dump-database.ts';
import { type DumpedFile, openDumpFolder } from './dump-folder.ts';
import { DUMPALL_FILE, entryNameOf, GLOBALS_FILE, TOC_FILE } from './entry-names.ts';
import { expectNotShrunk, type PostgresFacts, prefixOf } from './facts.ts';
import { type Found, lookAround } from './look-around.ts';
import { takesGlobals } from './options.ts';
import { explainer } from './postgres-error.ts';
import { type Server, toolEnvironment } from './server.ts';
import type { ServerFacts } from './server-facts.ts';

/** Looks at server and programs; the dumps are made as they are asked for. Throws `source.*` errors. */
export async function readPostgres(server: Server, how: ReadHow): Promise<Reading> {
  return new PostgresReading(server, await lookAround(server, how), how);
}

class PostgresReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly #server: Server;
  readonly #found: Found;
  readonly #how: ReadHow;
  readonly #time = systemClock.now();
  readonly #dumped = new Map<string, DumpedDatabase>();
  readonly #whole = new Set<string>();
  readonly #folders = new AsyncDisposableStack();
  /** The files of directory dumps, by entry path. */
  readonly #files = new Map<string, (signal: AbortSignal) => Content>();
  #sizeBytes = 0;
  #fileCount = 0;

  constructor(server: Server, found: Found, how: ReadHow) {
    const { options } = server;
    this.host = server.reach.traits.host;
    this.paths = options.databases === 'all' ? ['postgresql'] : found.databases.map((name) => `postgresql/${name}`);
    this.#server = server;
    this.#found = found;
    this.#how = how;
  }

  get #prefixed(): boolean {
    return this.#server.options.database === undefined;
  }

  async *entries(): AsyncIterable<readonly Entry[]> {
    const { options } = this.#server;
    if (options.format === 'dumpall') return yield [this.#file(DUMPALL_FILE)];
    const format = options.format;
    const names = new Map(this.#found.databases.map((database) => [entryNameOf(database, format), database]));
    const globals = takesGlobals(options) ? [GLOBALS_FILE] : [];
    for (const name of sortNames([...names.keys(), ...globals])) {
      const database = names.get(name);
      if (database === undefined || format !== 'directory') yield [this.#file(name)];
      else yield await this.#makeFolder(database, name);
    }
  }

  #file(name: string): Entry {
    this.#fileCount += 1;
    return dumpEntry(name, this.#time);
  }

  #order(database: string, entry: string, signal: AbortSignal): DumpOrder {
    return { database, entry, prefix: prefixOf(database, this.#prefixed), signal, alive: this.#how.alive };
  }

  async #makeFolder(database: string, name: string): Promise<Entry[]> {
    const { signal } = this.#how;
    const doing = `dump of database ${displayName(database)}`;
    const folder = this.#folders.use(await openDumpFolder(this.#server, { signal, doing, side: 'source' }));
    const dumped = await dumpToFolder(this.#server, this.#order(database, name, signal), folder);
    const files = await folder.files(DUMP_NAME);
    if (!files.some((file) => file.name === TOC_FILE)) throw incomplete(doing, `lacks its ${TOC_FILE}`);
    const entries: Entry[] = [{ ...dumpEntry(name, this.#time), type: 'dir', mode: 0o700, sizeBytes: 0 }];
    for (const file of files) {
      entries.push({ ...this.#file(`${name}/${file.name}`), sizeBytes: file.sizeBytes });
      this.#files.set(`${name}/${file.name}`, (own) => whole(folder.content(file.path, own), file, doing));
      this.#sizeBytes += file.sizeBytes;
    }
    this.#dumped.set(name, dumped);
    this.#whole.add(name);
    return entries;
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] {
    return entries.map(() => []);
  }

  *content(entries: readonly Entry[], how: ContentHow): Iterable<Content> {
    for (const { path } of entries) {
      const file = this.#files.get(path);
      yield file === undefined
        ? { kind: 'stream', chunks: this.#counted(path, this.#stream(path, how.signal)) }
        : file(how.signal);
    }
  }

  async *#counted(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#sizeBytes += chunk.length;
      yield chunk;
    }
    this.#whole.add(path);
  }

  #stream(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (path === DUMPALL_FILE) return this.#dumpAll('everything', signal);
    if (path === GLOBALS_FILE) return this.#dumpAll('globals', signal);
    const format = this.#server.options.format as 'plain' | 'custom';
    const database = this.#found.databases.find((name) => entryNameOf(name, format) === path) ?? '';
    return streamDump(this.#server, this.#order(database, path, signal), (dumped) => this.#dumped.set(path, dumped));
  }

  #dumpAll(what: 'everything' | 'globals', signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const server = this.#server;
    const doing = what === 'globals' ? 'dump of roles and tablespaces' : 'dump of the whole server';
    const argv = dumpAllArguments(server, this.#found.facts, what);
    const explain = explainer({ server, doing, side: 'source' });
    const output = toolOutput(server.reach, argv, { signal, doing, env: toolEnvironment(server), explain });
    return checkedDump(output, { kind: 'postgres-cluster', doing });
  }

  async finish(): Promise<PostgresFacts> {
    const { options, source } = this.#server;
    const dumps = [...this.#dumped.values()].sort((a, b) => compareNames(a.facts.name, b.facts.name));
    const expected = options.format === 'dumpall' ? 1 : this.#found.databases.length + (takesGlobals(options) ? 1 : 0);
    if (this.#whole.size !== expected) throw incomplete(`backup of ${source}`, 'was not taken to its end');
    const algorithm = dumps[0]?.algorithm;
    const { versions, roles, facts } = this.#found;
    const whole: PostgresFacts = {
      kind: 'postgres',
      versions,
      files: this.#fileCount,
      sizeBytes: this.#sizeBytes,
      ...(algorithm === undefined
        ? {}
        : {
            fingerprint: {
              algorithm,
              tables: dumps.flatMap(({ tables }) => tables),
              objects: [...roles, ...dumps.flatMap(({ objects }) => objects)],
            },
          }),
      ...notesOn(this.#server, facts),
      postgres: {
        format: options.format,
        databases: options.format === 'dumpall' ? this.#found.databases.map(bare) : dumps.map((dump) => dump.facts),
        prefixed: this.#prefixed,
        ownerless: options.no_owner,
      },
    };
    expectNotShrunk(source, whole, this.#how);
    return whole;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folders.disposeAsync();
  }
}

/** What comes from another host has to be all of it. */
function whole(content: Content, { name, sizeBytes }: DumpedFile, doing: string): Content {
  if (content.kind !== 'stream') return content;
  const { chunks } = content;
  async function* counted(): AsyncGenerator<Uint8Array> {
    let seen = 0;
    for await (const chunk of chunks) {
      seen += chunk.length;
      yield chunk;
    }
    if (seen !== sizeBytes) throw incomplete(doing, `came with ${seen} of ${sizeBytes} bytes of ${name}`);
  }
  return { kind: 'stream', chunks: counted() };
}

function notesOn({ options }: Server, { superuser }: ServerFacts): { notes?: string[] } {
  const globals = takesGlobals(options) || options.format === 'dumpall';
  return globals && !superuser
    ? { notes: ['passwords of roles are not in the backup: only a superuser may read them'] }
    : {};
}

/** In a dump of everything, pg_dumpall itself says what each database is like. */
function bare(name: string): PostgresFacts['postgres']['databases'][number] {
  return {
    name,
    entry: DUMPALL_FILE,
    owner: '',
    encoding: '',
    collate: '',
    ctype: '',
    provider: null,
    locale: null,
    tablespace: '',
    connectionLimit: -1,
    comment: null,
    settings: [],
    grants: null,
  };
}
