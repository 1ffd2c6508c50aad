/** Copies, checks and locks a database on its host, with the program that is there. */
import { hasCode, SuretyError } from '../../../base/errors.ts';
import { limitTime } from '../../../base/time-limit.ts';
import { runScript, valuesOf } from '../../far-script.ts';
import { runTool, type ToolHow } from '../../tool.ts';
import type { Integrity } from '../integrity.ts';
import type { About } from '../sqlite-error.ts';
import { aboutFar, databaseUri, explainFar, type FarDatabase, spokenError } from './database.ts';
import type { FarPlace, Header } from './look.ts';
import { PYTHON_PROGRAM } from './python.ts';
import type { FarTools } from './tools.ts';

/** A call of the shell with no settings of the user. */
export const SHELL = `
shell() { sqlite3 -batch -bail -init /dev/null "$@"; }
`;

const CHECK = `
check() {
  lines=$(shell "$1" "PRAGMA integrity_check(100)" 2>&1)
  if [ $? -ne 0 ]; then
    printf '%s\\n' "$lines" | sed 's/^/check-failed /'
    lines=$(shell "$1" "PRAGMA quick_check(100)" 2>&1) || { printf '%s\\n' "$lines" | sed 's/^/check-failed /'; lines=ok; }
  fi
  printf '%s\\n' "$lines" | sed 's/^/check /'
  printf 'keys %s\\n' "$(shell "$1" 'SELECT count(*) FROM pragma_foreign_key_check' 2>/dev/null || echo 0)"
}
`;

/** The same state gives the same bytes: pages are copied, in one read transaction or, with `$5` 0, in steps. */
const COPY = `${SHELL}${CHECK}
cd "$1" || exit 1
copy() {
  rm -f copy.db copy.db-journal
  if [ "$at_once" = 1 ]; then
    shell "$1" ".timeout $wait" "BEGIN; SELECT count(*) FROM sqlite_master;" ".backup main copy.db" COMMIT >/dev/null
  else
    shell "$1" ".timeout $wait" "SELECT count(*) FROM sqlite_master;" ".backup main copy.db" >/dev/null
  fi
}
wait=$4 at_once=$5
if ! said=$(copy "$2" 2>&1); then
  case $said in
  *'unable to open'* | *readonly*) copy "$3" || exit 1 ;;
  *) printf '%s\\n' "$said" >&2; exit 1 ;;
  esac
fi
printf 'size %s\\n' "$(wc -c <copy.db | tr -d ' ')"
sum=$(sha256sum copy.db 2>/dev/null) && printf 'sha256 %s\\n' "\${sum%% *}"
check 'file:copy.db?immutable=1'
`;

const CHECK_ONLY = `${SHELL}${CHECK}
check "$1"
`;

const LOCK = `${SHELL}
shell "$1" '.timeout 500' 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK;' >/dev/null
`;

export interface FarCopy {
  readonly sizeBytes: number;
  /** Hex; undefined where no program there can tell. */
  readonly sha256: string | undefined;
  readonly integrity: Integrity;
}

/** In rollback mode a copy in one go keeps writers waiting; up to this size that is no longer than a transaction. */
const ONE_GO_BYTES = 64 * 2 ** 20;
/** How long a copy in steps, which begins again after every write, may take. */
const STEPS_MS = 30_000;
const BYTES_PER_MS = 20_000;

/** Makes `copy.db` in the folder. Throws `source.locked`, `source.corrupt`, `source.unreadable` or `source.failed`. */
export async function copyThere(
  database: FarDatabase,
  place: FarPlace,
  header: Header,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<FarCopy> {
  const [first, second] = openingOrder(place, header);
  const wait = String(database.options.busy_timeout);
  const doing = `copy of database ${database.source}`;
  const about = aboutFar(database, place.path);
  const copy = async (atOnce: '0' | '1', limited: AbortSignal): Promise<FarCopy> => {
    const how: ToolHow = { signal: limited, doing, explain: explainFar(about, doing) };
    const args = [databaseUri(place.real, first), databaseUri(place.real, second), wait, atOnce];
    const said =
      place.tools.sqlite3 === undefined
        ? await runPython(database, 'copy', args, { ...how, cwd: folder })
        : await runScript(database.reach, COPY, [folder, ...args], how);
    return copyOf(valuesOf(said), about);
  };
  if (header.journalMode === 'wal' || header.sizeBytes <= ONE_GO_BYTES) return await copy('1', signal);
  using limit = limitTime(signal, STEPS_MS + header.sizeBytes / BYTES_PER_MS, () => new Error('writers came between'));
  try {
    return await copy('0', limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.signal.aborted && !hasCode(error, 'source.locked')) throw error;
    return await copy('1', signal);
  }
}

/**
 * Read-only where that leaves no trace: a read-only connection to an idle WAL database would leave its -wal and -shm behind. A
 * crashed writer's journal can only be used by a connection that may write.
 */
function openingOrder({ wal, hasJournal }: FarPlace, { journalMode }: Header) {
  const readOnly = journalMode === 'wal' ? wal !== undefined : !hasJournal;
  return readOnly ? (['mode=ro', 'mode=rw'] as const) : (['mode=rw', 'mode=ro'] as const);
}

function copyOf(values: ReadonlyMap<string, readonly string[]>, about: About): FarCopy {
  const sizeBytes = Number(values.get('size')?.[0] ?? 0);
  if (!(sizeBytes > 0)) throw new SuretyError('source.failed', `the copy of database ${about.source} is not there`);
  return { sizeBytes, sha256: values.get('sha256')?.[0], integrity: integrityOf(values) };
}

/** SQLite's own check of a file that nobody writes to. */
export async function checkThere(
  database: FarDatabase,
  tools: FarTools,
  path: string,
  signal: AbortSignal,
): Promise<Integrity> {
  const doing = `check of database ${database.source}`;
  const how: ToolHow = { signal, doing, explain: explainFar(aboutFar(database, path), doing) };
  const uri = databaseUri(path, 'immutable=1');
  const said =
    tools.sqlite3 === undefined
      ? await runPython(database, 'check', [uri], how)
      : await runScript(database.reach, CHECK_ONLY, [uri], how);
  return integrityOf(valuesOf(said));
}

/**
 * Asks SQLite for a lock that excludes every other connection, for a moment. Opening rolls back a journal that a crash has left, and
 * closing merges a -wal file. Returns whether SQLite can read the file. Throws `source.locked`.
 */
export async function lockThere(
  database: FarDatabase,
  tools: FarTools,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const doing = `lock of database ${database.source}`;
  const how: ToolHow = { signal, doing, explain: explainFar(aboutFar(database, path), doing) };
  const uri = databaseUri(path, 'mode=rw');
  try {
    if (tools.sqlite3 === undefined) await runPython(database, 'lock', [uri], how);
    else await runScript(database.reach, LOCK, [uri], how);
    return true;
  } catch (error) {
    if (hasCode(error, 'source.corrupt')) return false;
    throw error;
  }
}

/** What `python3` there answers. */
export async function runPython(
  { reach }: FarDatabase,
  verb: string,
  args: readonly string[],
  how: ToolHow,
): Promise<string> {
  const env = { LC_ALL: 'C', PYTHONIOENCODING: 'utf-8' };
  return await runTool(reach, ['python3', '-E', '-s', '-c', PYTHON_PROGRAM, verb, ...args], { ...how, env });
}

function integrityOf(values: ReadonlyMap<string, readonly string[]>): Integrity {
  const failures = values.get('check-failed') ?? [];
  const damage = failures.filter((text) => [11, 26].includes(spokenError(text)?.errcode ?? 0));
  const lines = (values.get('check') ?? []).map((line) => line.trim()).filter((line) => line !== 'ok' && line !== '');
  return {
    findings: [...damage, ...lines],
    unchecked: damage.length > 0 ? undefined : failures[0],
    foreignKeyViolations: Number(values.get('keys')?.[0] ?? 0),
  };
}
