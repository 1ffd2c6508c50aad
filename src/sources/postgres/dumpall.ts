import { SuretyError } from '../../base/errors.ts';
import type { RestoredEntry } from '../source.ts';
import { checkedDump } from './checked-dump.ts';
import { tolerantGlobals } from './globals.ts';
import { countedBytes, openAdmin, type Present, type Restore, runScript } from './restore-context.ts';
import { listDatabases } from './server-facts.ts';

/** Databases that every server has: a dump of everything fills them, and makes all others. */
const ALWAYS_THERE = ['postgres', 'template0', 'template1'];

/** Restores what pg_dumpall wrote into a server that has none of its databases yet. Then counts the databases. */
export async function restoreDumpAll(restore: Restore, entry: RestoredEntry): Promise<void> {
  const { restoring, how, present, recorded, tally } = restore;
  const doing = 'restore of the whole server';
  expectNoneThere(restore);
  const dump = checkedDump(countedBytes(restore, restoring.stream(entry, { signal: how.signal })), {
    kind: 'postgres-cluster',
    doing,
  });
  const script = tolerantBeginning(dump, present);
  await runScript(restore, script, { database: 'template1', doing, singleTransaction: false });
  tally.files += 1;
  const expected = (recorded?.databases ?? []).map(({ name }) => name);
  await using admin = await openAdmin(restore, doing);
  const there = await listDatabases(admin);
  const missing = expected.filter((name) => !there.includes(name));
  const detail =
    missing.length === 0 ? `${expected.length} of ${expected.length} are there` : `missing: ${missing.join(', ')}`;
  tally.checks.push({ what: 'databases', ok: missing.length === 0, detail });
}

export function expectNoneThere({ recorded, present }: Pick<Restore, 'recorded' | 'present'>): void {
  const names = (recorded?.databases ?? []).map(({ name }) => name).filter((name) => !ALWAYS_THERE.includes(name));
  const taken = names.filter((name) => present.databases.has(name));
  if (taken.length === 0) return;
  throw new SuretyError('target.exists', `databases are there already: ${taken.join(', ')}`, {
    hint: 'a dump of the whole server goes into a new server; back up with databases: all and another format to restore beside what is there',
  });
}

const FIRST_DATABASE = Buffer.from('\n\\connect ');

/** Roles and tablespaces come first, before the first database: only there lines are looked at. */
async function* tolerantBeginning(chunks: AsyncIterable<Uint8Array>, present: Present): AsyncGenerator<Uint8Array> {
  let beginning: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (beginning === undefined) {
      yield chunk;
      continue;
    }
    beginning = Buffer.concat([beginning, chunk]);
    const at = beginning.indexOf(FIRST_DATABASE);
    if (at < 0) continue;
    yield Buffer.from(tolerantGlobals(beginning.subarray(0, at).toString('utf8'), present), 'utf8');
    yield beginning.subarray(at);
    beginning = undefined;
  }
  if (beginning !== undefined) yield Buffer.from(tolerantGlobals(beginning.toString('utf8'), present), 'utf8');
}
