import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { compareNames, displayName } from '../../base/names.ts';
import { didYouMean } from '../../base/nearest.ts';
import { dumpEntry } from '../dump-entry.ts';
import type { Entry, ReadHow, Reading } from '../source.ts';
import type { Server } from './client.ts';
import { entryNameOf, USERS_FILE } from './entry-name.ts';
import { expectTables, type StoredDatabase } from './facts.ts';
import { type Member, MysqlReading } from './reading.ts';
import { expectRights } from './rights.ts';
import type { Session } from './session.ts';
import { chooseDatabases, isTransactional, listDatabases, listTables, type Table } from './survey.ts';
import { findTools, openSession, type Tools } from './tools.ts';
import { warnOfUnfinished } from './unfinished.ts';
import { listUsers, type User } from './users.ts';
import { mayRaiseWriteTimeout } from './write-timeout.ts';

/** So many dumps may wait for each other, each with a connection of its own. */
const AT_ONCE = 16;

export interface ReadFrom {
  readonly server: Server;
  readonly host: string;
  readonly safetyFolder: string;
}

/**
 * Looks at the server: programs, login, databases, rights. The dumps begin when their content is asked for. Throws `source.tool-missing`,
 * `source.tool-too-old`, `source.unreachable`, `source.denied`, `source.missing` or `source.empty`.
 */
export async function readDatabases({ server, host, safetyFolder }: ReadFrom, how: ReadHow): Promise<Reading> {
  const { signal } = how;
  const { options, source } = server;
  const tools = await findTools(server, signal);
  const startedAt = systemClock.now();
  await using session = openSession(server, tools, { signal, doing: source, lockTimeoutMs: options.lock_timeout });
  const wanted = options.databases ?? [options.database!];
  const there = await listDatabases(session);
  const databases = wanted === 'all' ? there.map(({ name }) => name) : wanted;
  await warnOfUnfinished(session, { server, tools, signal, folder: safetyFolder, warn: how.warn, databases });
  const chosen = chooseDatabases(source, there, wanted);
  if (chosen.length === 0) {
    throw new SuretyError('source.missing', `${source}: the server has no database that this user may see`, {
      hint: 'check `user`, or grant it rights on the databases',
    });
  }
  const members: Member[] = [];
  for (const database of chosen) {
    await expectRights(session, server, tools.version, database.name);
    const tables = chooseTables(server, database.name, await listTables(session, database.name));
    members.push(memberOf(server, { ...database, ...storedTables(tables) }, tables));
  }
  expectTables(
    { source, previous: how.previous },
    members.map(({ stored }) => stored),
  );
  warnOfTables(server, members, how);
  const users = options.users ? await readableUsers(session, server, tools) : undefined;
  const together =
    members.length > 1 && members.length <= AT_ONCE && (await mayRaiseWriteTimeout(server, tools, signal));
  const entries = entriesOf(members, users !== undefined, startedAt);
  return new MysqlReading({ server, tools, host, how, members, users, together, entries });
}

function entriesOf(members: readonly Member[], withUsers: boolean, time: Date): Entry[] {
  const names = [...members.map(({ entryName }) => entryName), ...(withUsers ? [USERS_FILE] : [])];
  return names.sort(compareNames).map((name) => dumpEntry(name, time));
}

/** The tables that the options let in. Throws `source.missing` for a table that is named and not there. */
function chooseTables({ source, options }: Server, database: string, all: readonly Table[]): readonly Table[] {
  const names = all.map(({ name }) => name);
  for (const wanted of options.tables ?? []) {
    if (names.includes(wanted)) continue;
    throw new SuretyError(
      'source.missing',
      `${source}: database ${displayName(database)} has no table ${wanted} that this user may see`,
      {
        hint: didYouMean(wanted, names) ?? 'check the name under `tables`',
      },
    );
  }
  return all.filter(({ name }) => isWanted(options, database, name));
}

function isWanted(options: Server['options'], database: string, table: string): boolean {
  const label = options.database === undefined ? `${database}.${table}` : table;
  if (options.exclude_tables.includes(label)) return false;
  return options.tables === undefined || options.tables.includes(table);
}

function storedTables(tables: readonly Table[]): Pick<StoredDatabase, 'tables' | 'beside'> {
  const base = tables.filter(({ kind }) => kind === 'table');
  return { tables: base.length, beside: base.filter((table) => !isTransactional(table)).map(({ name }) => name) };
}

function memberOf({ options }: Server, stored: StoredDatabase, tables: readonly Table[]): Member {
  const excluded = options.exclude_tables.map((label) =>
    options.database === undefined
      ? label.slice(label.startsWith(`${stored.name}.`) ? stored.name.length + 1 : label.length)
      : label,
  );
  return {
    stored,
    entryName: entryNameOf(stored.name),
    includes: (table) => isWanted(options, stored.name, table),
    versioned: tables.filter(({ versioned }) => versioned).map(({ name }) => name),
    request: {
      database: stored.name,
      tables: options.tables ?? [],
      exclude: excluded.filter((table) => table !== ''),
      lockable: tables.filter(({ kind }) => kind !== 'view').map(({ name }) => name),
    },
  };
}

function warnOfTables({ options }: Server, members: readonly Member[], { warn }: ReadHow): void {
  if (!options.single_transaction) return;
  for (const { stored, entryName } of members) {
    if (stored.beside.length === 0) continue;
    const shown = stored.beside.slice(0, 5).join(', ') + (stored.beside.length > 5 ? ', …' : '');
    const message = `tables of database ${displayName(stored.name)} know no transactions and may be of a later moment than the others: ${shown}; set \`single_transaction: false\`, convert them to InnoDB, or exclude them`;
    warn({ code: 'entry.unchecked', path: entryName, message });
  }
}

async function readableUsers(session: Session, { source }: Server, tools: Tools): Promise<readonly User[]> {
  try {
    return await listUsers(session, tools);
  } catch (cause) {
    throw new SuretyError('source.denied', `${source}: this user may not read the users of the server`, {
      hint: 'GRANT SELECT ON mysql.* to it, or set `users: false`',
      cause,
    });
  }
}
