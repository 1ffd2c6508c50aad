import type { Taken } from '../reader.ts';
import { secretInVariable } from '../secrets.ts';
import { type Avalanche, DATABASE } from './avalanche.ts';

const DEFAULT_NAME = 'avalanche_edna';
const DEFAULT_FILE = 'data/avalanche.db';

/** The database that the variables `DB_*` name. */
export function databaseSource(avalanche: Avalanche): void {
  const { env, envSettings } = avalanche;
  const type = env.text('DB_TYPE');
  const isServer = ['DB_HOST', 'DB_PORT', 'DB_NAME', 'DB_USER', 'DB_PASSWORD'].some((key) => envSettings.has(key));
  const kind = type?.value.toLowerCase() ?? (isServer ? 'postgresql' : envSettings.has('SQLITE_PATH') ? 'sqlite' : '');
  if (['postgresql', 'postgres'].includes(kind)) postgres(avalanche, type);
  else if (kind === 'sqlite') sqlite(avalanche, type);
  else noDatabase(avalanche, type);
}

function noDatabase({ draft, envSettings }: Avalanche, type: Taken<string> | undefined): void {
  for (const key of ['DB_HOST', 'DB_PORT', 'DB_NAME', 'DB_USER', 'DB_PASSWORD', 'SQLITE_PATH']) envSettings.take(key);
  if (type === undefined) return;
  draft.omit(
    type.from,
    'Avalanche backs up databases of type postgresql and sqlite only',
    'write a source for it by hand',
  );
}

function postgres({ draft, env }: Avalanche, type: Taken<string> | undefined): void {
  const put = (key: string, value: unknown, taken: Taken<unknown> | undefined) =>
    draft.put('sources', DATABASE, key, value, taken?.from);
  const [server, port, user, name] = [
    env.text('DB_HOST'),
    env.count('DB_PORT'),
    env.text('DB_USER'),
    env.text('DB_NAME'),
  ];
  put('type', 'postgres', type);
  put('database', name?.value ?? DEFAULT_NAME, name);
  put('server', server?.value ?? 'localhost', server);
  put('port', port?.value ?? 5432, port);
  put('user', user?.value ?? 'avalanche', user);
  const password = env.text('DB_PASSWORD');
  if (password !== undefined) put('password', secretInVariable(password.from, draft), password);
  put('format', 'plain', undefined);
  // The file of a SQLite database says nothing here.
  env.text('SQLITE_PATH');
  draft.comment('sources', DATABASE, 'A plain SQL dump, as database_….sql.gz always was.');
}

function sqlite({ draft, env, envSettings }: Avalanche, type: Taken<string> | undefined): void {
  const path = env.text('SQLITE_PATH');
  draft.put('sources', DATABASE, 'type', 'sqlite', type?.from);
  draft.put('sources', DATABASE, 'path', path?.value ?? DEFAULT_FILE, path?.from);
  draft.comment('sources', DATABASE, 'Copied while the application writes, and checked.');
  for (const key of ['DB_HOST', 'DB_PORT', 'DB_NAME', 'DB_USER', 'DB_PASSWORD']) envSettings.take(key);
}
