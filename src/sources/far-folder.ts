/** A folder for a while on another host. */
import { systemClock } from '../base/clock.ts';
import { SuretyError } from '../base/errors.ts';
import { freeSpaceScript } from '../base/free-space-script.ts';
import { randomHex } from '../base/ids.ts';
import type { Process, Reach } from '../reach/reach.ts';
import { scriptArgv } from './far-script.ts';
import { hostFailure, toolFailure } from './tool.ts';
import { openTypedInput } from './typed-input.ts';

export interface FarFolder extends AsyncDisposable {
  /** Absolute, on that host. */
  readonly path: string;
}

export interface FarFolderHow {
  /** A word such as `sqlite`; part of its name. */
  readonly purpose: string;
  /** Folders in which it may be, the best first; '' is that host's folder for temporary files. */
  readonly below: readonly string[];
  readonly neededBytes: number;
  readonly signal: AbortSignal;
  /** For errors. */
  readonly doing: string;
  /** `source.failed` or `target.full`: when there is no room anywhere. */
  readonly fullCode: string;
}

/**
 * The folder belongs to a process on that host that waits for the end of its input, and removes it then: also when the connection breaks or
 * this process is killed. What was left because the host itself died is removed by the next one.
 */
const HOLD = `
purpose=$1 need=$2 nonce=$3; shift 3
umask 077
node=$(uname -n | tr -cd 'A-Za-z0-9.')
lives() {
  kill -0 "$1" 2>/dev/null || return 1
  [ -r "/proc/$1/cmdline" ] || return 0
  tr '\\0' ' ' <"/proc/$1/cmdline" | grep -q -e "$2"
}
sweep() {
  for left in "$1/.surety-$purpose-$node-"*; do
    [ -d "$left" ] && [ ! -L "$left" ] && [ -O "$left" ] || continue
    key=\${left##*-}; rest=\${left%-*}; id=\${rest##*-}
    case $id in ''|*[!0-9]*) continue ;; esac
    lives "$id" "$key" || rm -rf -- "$left"
  done
}
most=0 denied=yes
for base; do
  [ -n "$base" ] || base=\${TMPDIR:-/tmp}
  [ -d "$base" ] && [ -w "$base" ] || continue
  denied=no
  sweep "$base"
  free=$(${freeSpaceScript('"$base"')})
  case $free in ''|*[!0-9]*) free=$need ;; esac
  [ "$free" -le "$most" ] || most=$free
  [ "$free" -ge "$need" ] || continue
  folder=$base/.surety-$purpose-$node-$$-$nonce
  mkdir "$folder" 2>/dev/null || continue
  trap 'rm -rf -- "$folder"' EXIT
  trap 'exit 1' HUP INT TERM PIPE
  printf 'folder %s\\n' "$folder"
  cat >/dev/null
  exit 0
done
if [ "$denied" = yes ]; then printf 'denied\\n'; else printf 'full %s\\n' "$most"; fi
`;

/** Left free for others. */
const RESERVE_BYTES = 2 ** 20;
const CLOSE_MS = 30_000;

/** Makes a folder (mode 0700) with room for `neededBytes`. It goes, with what is in it, when it is disposed of. Throws `fullCode` when there is no room. */
export async function openFarFolder(reach: Reach, how: FarFolderHow): Promise<FarFolder> {
  how.signal.throwIfAborted();
  const { host } = reach.traits;
  const needed = Math.ceil((how.neededBytes + RESERVE_BYTES) / 1024);
  const argv = scriptArgv(HOLD, [how.purpose, String(needed), randomHex(6), ...how.below]);
  const input = openTypedInput();
  const ending = new AbortController();
  // What an abort ends is what works in the folder; the folder goes after that.
  const child = reach.exec(argv, { signal: ending.signal, stdin: input.chunks, env: { LC_ALL: 'C' } });
  const close = () => closeHolder(child, input, ending);
  const giveUp = (): void => ending.abort(how.signal.reason);
  how.signal.addEventListener('abort', giveUp, { once: true });
  try {
    const line = await firstLine(child);
    const path = /^folder (.*)$/.exec(line)?.[1];
    if (path !== undefined) return { path, [Symbol.asyncDispose]: close };
    const free = /^full (\d+)$/.exec(line)?.[1];
    if (free !== undefined) throw noRoom(how, host, needed, Number(free));
    if (line === 'denied') throw mayNotWrite(how, host);
    const exit = await child.exit;
    how.signal.throwIfAborted();
    throw hostFailure(how.doing, exit) ?? toolFailure(argv, how.doing, child.stderr(), exit);
  } catch (error) {
    await close();
    how.signal.throwIfAborted();
    throw error;
  } finally {
    how.signal.removeEventListener('abort', giveUp);
  }
}

async function closeHolder(child: Process, input: { end(): void }, ending: AbortController): Promise<void> {
  input.end();
  const patience = new AbortController();
  const timer = systemClock.sleep(CLOSE_MS, patience.signal).then(
    () => ending.abort(),
    () => {},
  );
  await child.exit;
  patience.abort();
  await timer;
}

/** Without the line end; what came before an end without one. */
async function firstLine({ stdout }: Process): Promise<string> {
  let text = '';
  const chunks = stdout[Symbol.asyncIterator]();
  for (;;) {
    // Why it could not be started is said by the exit.
    const next = await chunks.next().catch(() => undefined);
    if (next === undefined || next.done === true) return text;
    text += Buffer.from(next.value).toString('utf8');
    const at = text.indexOf('\n');
    if (at < 0) continue;
    // Closing the iterator would end the process.
    chunks.next().catch(() => {});
    return text.slice(0, at);
  }
}

function noRoom({ doing, below, fullCode }: FarFolderHow, host: string, needed: number, freeKiB: number): SuretyError {
  return new SuretyError(fullCode, `${doing}: there is no room on ${host} in ${shownPlaces(below)}`, {
    hint: 'make room there, or set TMPDIR there to a folder with more free space than the database has bytes',
    details: { host, neededBytes: needed * 1024, freeBytes: freeKiB * 1024 },
  });
}

function mayNotWrite({ doing, below, fullCode }: FarFolderHow, host: string): SuretyError {
  const code = fullCode.startsWith('target.') ? 'target.denied' : fullCode;
  return new SuretyError(code, `${doing}: the account on ${host} may not write to ${shownPlaces(below)}`, {
    hint: 'let it write there, or set TMPDIR there to a folder that it may write to',
    details: { host },
  });
}

function shownPlaces(below: readonly string[]): string {
  return below.map((folder) => (folder === '' ? 'its folder for temporary files' : folder)).join(' or ');
}
