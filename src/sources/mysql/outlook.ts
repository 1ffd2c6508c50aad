import { systemClock } from '../../base/clock.ts';
import type { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { OldDatabase, RestoreOutlook } from '../source.ts';
import type { Server } from './client.ts';
import { readContents } from './contents.ts';
import { namesBeside } from './names-beside.ts';
import { lackingRights, rightsFor } from './restore-rights.ts';
import type { Session } from './session.ts';
import { listDatabases, SYSTEM_DATABASES } from './survey.ts';
import { findTools, openSession, type Tools } from './tools.ts';

/** What a restore that replaces the databases of the source would be refused for, and what earlier ones left in the server. */
export async function mysqlOutlook(
  server: Server,
  { signal }: { readonly signal: AbortSignal },
): Promise<RestoreOutlook> {
  const tools = await findTools(server, signal);
  const { source, options } = server;
  await using session = openSession(server, tools, { signal, doing: source, lockTimeoutMs: options.lock_timeout });
  const there = (await listDatabases(session)).map(({ name }) => name);
  return {
    obstacle: await obstacleIn(session, server, tools, there),
    old: await oldDatabases(session, server, there),
  };
}

/** Names of both kinds are cut at the end of what comes first where they would be too long. */
const LEFT = /^(.*)_(before|restoring)_\d{8}_\d{6}(?:_\d+)?$/s;

/** Names of the databases that the source has, undefined for all. */
function ownNames({ options }: Server): readonly string[] | undefined {
  const wanted = options.databases ?? [options.database!];
  return wanted === 'all' ? undefined : wanted;
}

async function obstacleIn(
  session: Session,
  server: Server,
  { version }: Tools,
  there: readonly string[],
): Promise<SuretyError | undefined> {
  const own = there.filter((name) => !SYSTEM_DATABASES.includes(name.toLowerCase()) && !LEFT.test(name));
  for (const database of ownNames(server) ?? own) {
    const needed = rightsFor(await readContents(session, database));
    const place = { database, names: namesBeside(database, systemClock.now(), there) };
    const found = await lackingRights(session, version, place, { source: server.source, inPlace: false, needed });
    if (found !== undefined) return found;
  }
  return undefined;
}

async function oldDatabases(session: Session, server: Server, there: readonly string[]): Promise<OldDatabase[]> {
  const names = ownNames(server);
  const sizes = new Map(
    (
      await session.query(
        "SELECT table_schema, IFNULL(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema REGEXP '_(before|restoring)_[0-9]{8}_[0-9]{6}' GROUP BY table_schema",
      )
    ).map(([name = '', sizeBytes = '0']) => [name, Number(sizeBytes)]),
  );
  return there.flatMap((name) => {
    const [, of = '', what] = LEFT.exec(name) ?? [];
    if (what === undefined) return [];
    if (names !== undefined && !names.some((one) => one === of || (of.length > 20 && one.startsWith(of)))) return [];
    const state = what === 'before' ? 'kept' : 'unfinished';
    return [{ name: displayName(name), state, sizeBytes: sizes.get(name) ?? 0 }];
  });
}
