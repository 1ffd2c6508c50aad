import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { keepAlive } from '../keep-alive.ts';
import type { Content, ContentHow, Entry, Fingerprint, ReadHow, Reading, Xattr } from '../source.ts';
import type { Server } from './client.ts';
import type { Dump } from './dump.ts';
import { USERS_FILE } from './entry-name.ts';
import { expectRows, type MysqlFacts, type StoredDatabase } from './facts.ts';
import { fingerprintDatabase } from './fingerprint.ts';
import { type Moment, type MomentRequest, takeMoment } from './moment.ts';
import { openSession, type Tools } from './tools.ts';
import { dumpUsers, type User, userLabel } from './users.ts';

/** One database and its file. */
export interface Member {
  readonly stored: StoredDatabase;
  readonly entryName: string;
  readonly request: MomentRequest;
  readonly includes: (table: string) => boolean;
  readonly versioned: readonly string[];
}

export interface ReadingOf {
  readonly server: Server;
  readonly tools: Tools;
  readonly host: string;
  readonly how: ReadHow;
  readonly members: readonly Member[];
  /** Undefined: not backed up. */
  readonly users: readonly User[] | undefined;
  /** Whether all databases are to show one moment. */
  readonly together: boolean;
  readonly entries: readonly Entry[];
}

interface Taken {
  readonly dump: Dump;
  readonly fingerprint: Promise<Fingerprint | undefined>;
  readonly inexact: string | undefined;
}

/** Dumps begin when the first of them is asked for; fingerprints are taken while the engine reads. */
export class MysqlReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly #of: ReadingOf;
  readonly #taken = new Map<string, Taken>();
  #current: Moment | undefined;
  readonly #closing = new AbortController();
  #usersBytes = 0;

  constructor(of: ReadingOf) {
    const { options, source } = of.server;
    this.host = of.host;
    this.paths = [`/${options.database === undefined ? source : of.members[0]!.entryName}`];
    this.#of = of;
  }

  async *entries(): AsyncIterable<readonly Entry[]> {
    yield this.#of.entries;
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] {
    return entries.map(() => []);
  }

  async *content(entries: readonly Entry[], _how: ContentHow): AsyncIterable<Content> {
    for (const { path } of entries) {
      if (path === USERS_FILE) yield { kind: 'stream', chunks: this.#usersFile() };
      else yield { kind: 'stream', chunks: (await this.#take(path)).dump.chunks };
    }
  }

  async #take(entryName: string): Promise<Taken> {
    const known = this.#taken.get(entryName);
    if (known !== undefined) return known;
    const { server, tools, how, members, together } = this.#of;
    const group = together ? members : members.filter((member) => member.entryName === entryName);
    const signal = AbortSignal.any([how.signal, this.#closing.signal]);
    const withSession = server.options.fingerprint !== 'off';
    await this.#current?.expectKept();
    await this.#endMoment();
    const requests = group.map(({ request }) => request);
    const moment = await takeMoment(requests, { signal, server, tools, withSession });
    this.#current = moment;
    for (const [at, member] of group.entries()) {
      const fingerprint = this.#fingerprint(moment, member);
      // Its failure is told by `finish`; a reading that is given up has nobody to tell.
      fingerprint.catch(() => undefined);
      this.#taken.set(member.entryName, { dump: moment.dumps[at]!, fingerprint, inexact: moment.inexact });
    }
    return this.#taken.get(entryName)!;
  }

  /** What was taken in the last moment is complete: its connections are not needed any more. */
  async #endMoment(): Promise<void> {
    const fingerprints = [...this.#taken.values()].map(({ fingerprint }) => fingerprint);
    await keepAlive(Promise.allSettled(fingerprints), this.#of.how.alive);
    await this.#current?.[Symbol.asyncDispose]();
    this.#current = undefined;
  }

  async #fingerprint({ session }: Moment, { stored, includes }: Member): Promise<Fingerprint | undefined> {
    const level = this.#of.server.options.fingerprint;
    if (level === 'off' || session === undefined) return undefined;
    const prefix = this.#of.members.length === 1 ? '' : `${stored.name}/`;
    return await fingerprintDatabase(session, stored.name, { level, includes, prefix, alive: this.#of.how.alive });
  }

  async *#usersFile(): AsyncIterable<Uint8Array> {
    const { server, tools, how, users = [] } = this.#of;
    const doing = `${server.source}: dump of users`;
    const { lock_timeout } = server.options;
    const open = () => openSession(server, tools, { signal: how.signal, doing, lockTimeoutMs: lock_timeout });
    const bytes = Buffer.from(await dumpUsers(open, tools, users), 'utf8');
    this.#usersBytes = bytes.length;
    yield bytes;
  }

  async finish(): Promise<MysqlFacts> {
    const { server, tools, how, members, users } = this.#of;
    const { source } = server;
    const fingerprint = await keepAlive(this.#whole(), how.alive);
    await this.#current?.expectKept();
    const names = members.map(({ stored }) => stored.name);
    expectRows({ source, previous: how.previous }, fingerprint, names);
    const sizes = [...this.#taken.values()].reduce((sum, { dump }) => sum + dump.sizeBytes(), this.#usersBytes);
    const inexact = [...this.#taken.values()].find((taken) => taken.inexact !== undefined)?.inexact;
    return {
      kind: 'mysql',
      versions: { [tools.version.flavour]: tools.version.text, dump: tools.dump.version.text },
      files: members.length + (users === undefined ? 0 : 1),
      sizeBytes: sizes,
      ...(fingerprint === undefined ? {} : { fingerprint }),
      notes: this.#notes(inexact),
      mysql: { databases: members.map(({ stored }) => stored), exact: inexact === undefined },
    };
  }

  /** The fingerprints of all databases as one. */
  async #whole(): Promise<Fingerprint | undefined> {
    const { members, users } = this.#of;
    const found: Fingerprint[] = [];
    for (const { entryName, stored } of members) {
      const taken = this.#taken.get(entryName);
      if (taken?.dump.whole() !== true) throw this.#notTaken(stored.name);
      const fingerprint = await taken.fingerprint;
      if (fingerprint !== undefined) found.push(fingerprint);
    }
    const [first] = found;
    if (first === undefined) return undefined;
    const accounts = (users ?? []).map((user) => ({ kind: 'user' as const, name: userLabel(user), value: '' }));
    return {
      algorithm: first.algorithm,
      tables: found.flatMap(({ tables }) => tables),
      objects: [...found.flatMap(({ objects = [] }) => objects), ...accounts],
    };
  }

  #notTaken(database: string): SuretyError {
    const { source } = this.#of.server;
    return new SuretyError(
      'source.incomplete',
      `${source}: the dump of database ${displayName(database)} was not taken to its end`,
    );
  }

  #notes(inexact: string | undefined): string[] {
    const { members, together, how } = this.#of;
    const notes: string[] = [];
    if (inexact !== undefined)
      notes.push(`the fingerprint was taken beside the dump and may differ from it: ${inexact}`);
    if (members.length > 1 && !together) notes.push('each database shows a moment of its own');
    const versioned = members.flatMap((member) => member.versioned);
    if (versioned.length > 0)
      notes.push(`the history of system-versioned tables is not in the dump: ${versioned.slice(0, 5).join(', ')}`);
    const before = (how.previous as Partial<MysqlFacts> | undefined)?.mysql?.databases ?? [];
    const gone = before.filter(({ name }) => !members.some(({ stored }) => stored.name === name));
    if (gone.length > 0)
      notes.push(
        `databases that the last snapshot had are gone: ${gone
          .slice(0, 5)
          .map(({ name }) => displayName(name))
          .join(', ')}`,
      );
    return notes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#endMoment();
  }
}
