import { collectBytes } from '../../base/streams.ts';
import type { RestoredEntry } from '../source.ts';
import { checkedDump } from './checked-dump.ts';
import { listRoles } from './contents.ts';
import { countedBytes, openAdmin, type Present, type Restore, runScript } from './restore-context.ts';

const MAX_BYTES = 256 * 1024 * 1024;

/** Brings back roles, their passwords, memberships and tablespaces. What exists already is no error; anything else is. */
export async function restoreGlobals(restore: Restore, entry: RestoredEntry): Promise<void> {
  const { restoring, how, present, tally } = restore;
  const doing = 'restore of roles and tablespaces';
  const stream = countedBytes(restore, restoring.stream(entry, { signal: how.signal }));
  const bytes = await collectBytes(checkedDump(stream, { kind: 'postgres-cluster', doing }), MAX_BYTES);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const script = tolerantGlobals(text, present);
  await runScript(restore, oneChunk(script), { database: 'template1', doing, singleTransaction: false });
  tally.notes.push(`role ${present.facts.role}, which did the restore, was left as it is`);
  await using admin = await openAdmin(restore, doing);
  const roles = (await listRoles(admin)).map(({ name }) => name);
  const recorded = (restoring.facts?.fingerprint?.objects ?? []).filter(({ kind }) => kind === 'role');
  const missing = recorded.filter(({ name }) => !roles.includes(name)).map(({ name }) => name);
  const detail = missing.length === 0 ? `all ${roles.length} are there` : `missing: ${missing.join(', ')}`;
  tally.checks.push({ what: 'roles', ok: missing.length === 0, detail });
  tally.files += 1;
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8');
}

/**
 * The script of `pg_dumpall --globals-only` without what makes things that exist, and without what changes the role that is
 * connected: its password must not become another one in the middle of a restore.
 */
export function tolerantGlobals(script: string, present: Pick<Present, 'roles' | 'tablespaces' | 'facts'>): string {
  return script
    .split('\n')
    .filter((line) => {
      const [, verb = '', what = '', quoted = ''] =
        /^(CREATE|ALTER|DROP) (ROLE|TABLESPACE) (?:IF EXISTS )?("(?:[^"]|"")*"|[^\s;"]+)/.exec(line) ?? [];
      const name = quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted;
      if (verb === 'DROP') return false;
      if (what === 'ROLE' && name === present.facts.role) return false;
      return verb !== 'CREATE' || !(what === 'ROLE' ? present.roles : present.tablespaces).has(name);
    })
    .join('\n');
}
