import { nameOf } from '../names.ts';
import { secretInVariable } from '../secrets.ts';
import type { Borgmatic } from './borgmatic.ts';
import { secretReference } from './repositories.ts';

const KINDS = [
  { list: 'postgresql_databases', type: 'postgres' },
  { list: 'mariadb_databases', type: 'mysql' },
  { list: 'mysql_databases', type: 'mysql' },
] as const;

/** Keys of one database, and those of a source that say the same. */
const SAME: Readonly<Record<string, string>> = { hostname: 'server', username: 'user', socket_path: 'socket' };
const FLAGS = ['no_owner', 'events', 'routines'];
const FORMATS: Readonly<Record<string, string>> = {
  plain: 'plain',
  custom: 'custom',
  tar: 'custom',
  directory: 'directory',
  sql: 'plain',
};

interface Omission {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly remedy: string;
}

const OMITTED: readonly Omission[] = [
  {
    pattern: /^restore_/,
    reason: 'where to restore to is said with each restore',
    remedy: 'see `surety restore --help`',
  },
  {
    pattern: /^(?:pg_dump|pg_restore|psql|mysql_dump|mysql|mariadb_dump|mariadb|sqlite|sqlite_restore)_command$/,
    reason: 'the programs have fixed names',
    remedy: 'name their folder with `bin` of the source',
  },
  {
    pattern: /options$/,
    reason: 'options of the dump program are not passed on',
    remedy: 'look whether a key of the source does it: schemas, tables, exclude_tables, clean, …',
  },
  {
    pattern: /^(?:ssl_|tls$|restore_tls$)/,
    reason: 'how the connection is secured is left to the client programs',
    remedy: 'set PGSSLMODE and the like in the environment, or name an options_file',
  },
  {
    pattern: /^skip_names$/,
    reason: 'databases are named, not left out',
    remedy: 'write the names that you want to `databases`',
  },
  {
    pattern: /^(?:compression|password_transport|add_drop_database|tablespaces|analyze_options)$/,
    reason: 'the dump decides this by itself',
    remedy: 'nothing',
  },
];

/** A source for each database, in the order of the file. */
export function databaseSources(borgmatic: Borgmatic): string[] {
  const servers = KINDS.flatMap(({ list, type }) =>
    itemsOf(borgmatic, list).map((item) => serverSource(borgmatic, item, type)),
  );
  const files = itemsOf(borgmatic, 'sqlite_databases').flatMap((item) => sqliteSource(borgmatic, item));
  for (const setting of borgmatic.settings.takeBelow('mongodb_databases')) {
    borgmatic.draft.omit(
      setting,
      'there is no source for MongoDB',
      'write a source of type command with `mongodump --archive` and `mongorestore --archive`',
    );
  }
  return [...servers, ...files];
}

function itemsOf({ settings }: Borgmatic, list: string): string[] {
  const found: string[] = [];
  for (let at = 0; settings.has(`${list}[${at}]`); at++) found.push(`${list}[${at}]`);
  return found;
}

function serverSource(borgmatic: Borgmatic, item: string, type: 'postgres' | 'mysql'): string {
  const { draft, reader, settings } = borgmatic;
  const named = reader.text(`${item}.name`);
  const isAll = named === undefined || named.value === 'all';
  const name = nameOf(isAll ? type : named.value, (one) => draft.has('sources', one) || one === 'files', type);
  const put = (key: string, value: unknown, from = named?.from) => draft.put('sources', name, key, value, from);
  put('type', type);
  if (isAll) put('databases', 'all');
  else put('database', named.value);
  for (const [theirs, ours] of Object.entries(SAME)) {
    const taken = reader.text(`${item}.${theirs}`);
    if (taken !== undefined) put(ours, taken.value, taken.from);
  }
  // Without its container this would be another server: the name of a host that is not there keeps the source out.
  const container = reader.text(`${item}.container`);
  if (container !== undefined) put('host', container.value, container.from);
  const port = reader.count(`${item}.port`);
  if (port !== undefined) put('port', port.value, port.from);
  const password = reader.text(`${item}.password`);
  if (password !== undefined) {
    const variable = `${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}_PASSWORD`;
    put('password', secretReference(password.value) ?? secretInVariable(password.from, draft, variable), password.from);
  }
  const format = reader.text(`${item}.format`);
  if (format !== undefined && type === 'postgres') put('format', FORMATS[format.value] ?? format.value, format.from);
  else if (format !== undefined && format.value !== 'sql') draft.omit(format.from, 'dumps are SQL', 'nothing');
  for (const key of FLAGS) {
    const flag = reader.flag(`${item}.${key}`);
    if (flag !== undefined) put(key, flag.value, flag.from);
  }
  settings.take(`${item}.label`);
  omitRest(borgmatic, item);
  return name;
}

function sqliteSource(borgmatic: Borgmatic, item: string): string[] {
  const { draft, reader, settings } = borgmatic;
  const [path, named] = [reader.text(`${item}.path`), reader.text(`${item}.name`)];
  settings.take(`${item}.label`);
  omitRest(borgmatic, item);
  if (path === undefined) {
    if (named !== undefined) draft.omit(named.from, 'it names no file', 'give it a `path` and import again');
    return [];
  }
  const name = nameOf(named?.value ?? path.value, (one) => draft.has('sources', one) || one === 'files', 'sqlite');
  draft.put('sources', name, 'type', 'sqlite', named?.from);
  draft.put('sources', name, 'path', path.value, path.from);
  return [name];
}

function omitRest({ draft, settings }: Borgmatic, item: string): void {
  for (const setting of settings.takeBelow(item)) {
    const key = setting.key.slice(item.length + 1);
    const omission = OMITTED.find(({ pattern }) => pattern.test(key));
    draft.omit(
      setting,
      omission?.reason ?? 'Surety knows no such key of borgmatic',
      omission?.remedy ?? 'look up what it does, and whether you need it',
    );
  }
}
