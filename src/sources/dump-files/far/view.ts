import nodePath from 'node:path';
import { decodeName } from '../../../base/names.ts';
import { collectBytes } from '../../../base/streams.ts';
import { runScript, scriptArgv, valuesOf } from '../../far-script.ts';
import { parseStat, STAT_LINE } from '../../far-stat.ts';
import { keepAlive } from '../../keep-alive.ts';
import { type ToolHow, toolOutput } from '../../tool.ts';
import { besideIt, writtenBy } from '../being-written.ts';
import type { Candidate, CandidateStats } from '../candidate.ts';
import { folderProblem, inOrder, isUnfinishedName, UNFINISHED_ENDINGS } from '../candidates.ts';
import type { DumpFolder, FolderView } from '../dump-folder.ts';
import { farCompleteness } from './completeness.ts';

/** Each answer ends with NUL: names may have line ends in them. */
const LIST = `${STAT_LINE}
p=$1
case $p in '~') p=$HOME ;; '~/'*) p=$HOME/\${p#'~/'} ;; /*) ;; *) p=$(pwd)/$p ;; esac
[ -e "$p" ] || { printf 'problem missing does not exist\\0'; exit 0; }
[ -d "$p" ] || { printf 'problem missing is not a folder\\0'; exit 0; }
[ -r "$p" ] && cd "$p" 2>/dev/null || { printf 'problem unreadable can not be read\\0'; exit 0; }
printf 'now %s\\0folder %s\\0' "$(date +%s)" "$p"
find . -maxdepth "$2" \\( -type f -o -type l \\) -exec sh -c "$3" surety {} +
`;

const LIST_FILES = `${STAT_LINE}
for file; do
  link=no; [ ! -L "$file" ] || link=yes
  printf 'file %s %s\\0' "$link" "$(stat_line "$file")"
  printf '%s\\0' "$file"
done
`;

const WRITER = `
for fd in /proc/[0-9]*/fd/*; do
  if [ "$fd" -ef "$1" ]; then
    id=\${fd#/proc/}; id=\${id%%/*}
    case $(sed -n 's/^flags:[[:space:]]*[0-7]*\\([0-7]\\)$/\\1/p' "/proc/$id/fdinfo/\${fd##*/}" 2>/dev/null) in
    1 | 2 | 5 | 6) printf 'writer %s\\n' "$id"; exit 0 ;;
    esac
  fi
done 2>/dev/null
exit 0
`;

const STAT = `${STAT_LINE}
stat_line "$1"
`;

/** A folder of another host, looked at there. */
export function farView(dumps: () => DumpFolder): FolderView {
  let behindMs = 0;
  let names: ReadonlySet<string> = new Set();
  return {
    async find(signal) {
      const listed = await list(dumps(), signal);
      behindMs = dumps().clock.now().getTime() - listed.nowMs;
      names = listed.names;
      return listed.candidates;
    },
    now: () => new Date(dumps().clock.now().getTime() - behindMs),
    async beingWritten({ name, path }, signal) {
      const beside = UNFINISHED_ENDINGS.find((ending) => names.has(name + ending));
      if (beside !== undefined) return besideIt(beside);
      const said = await runScript(dumps().reach, WRITER, [path], toolHow(dumps(), signal));
      const writer = valuesOf(said).get('writer')?.[0];
      return writer === undefined ? undefined : writtenBy(Number(writer));
    },
    async completeness({ path }, { signal, alive }) {
      return await keepAlive(farCompleteness(dumps().reach, path, toolHow(dumps(), signal)), alive);
    },
    async isSame({ path, stats }, signal) {
      const now = statsOf(await runScript(dumps().reach, STAT, [path], toolHow(dumps(), signal)));
      return now?.ino === stats.ino && now.size === stats.size && now.mtimeNs === stats.mtimeNs;
    },
  };
}

function toolHow({ name, reach }: DumpFolder, signal: AbortSignal): ToolHow {
  return { signal, doing: `source ${name} on ${reach.traits.host}` };
}

interface Listed {
  readonly nowMs: number;
  readonly names: ReadonlySet<string>;
  readonly candidates: Candidate[];
}

/** As many as a folder for dumps will never have. */
const LISTING_BYTES = 64 * 2 ** 20;
const DEEPEST = 32;

async function list(dumps: DumpFolder, signal: AbortSignal): Promise<Listed> {
  const { name, reach, folder, place, options } = dumps;
  const argv = scriptArgv(LIST, [folder, String(depthOf(options.patterns)), LIST_FILES]);
  const output = toolOutput(reach, argv, { ...toolHow(dumps, signal), env: { LC_ALL: 'C' } });
  const records = splitAtNul(await collectBytes(output, LISTING_BYTES));
  const first = records.shift() ?? '';
  const [, problem, words] = /^problem (\S+) (.*)$/.exec(first) ?? [];
  if (problem !== undefined) throw folderProblem(name, place, `source.${problem}`, words ?? '');
  // Whole seconds: what was changed in this one is not of the future.
  const nowMs = Number(/^now (\d+)$/.exec(first)?.[1]) * 1000 + 999;
  const absolute = (records.shift() ?? '').replace(/^folder /, '');
  const names = new Set<string>();
  const found: Candidate[] = [];
  for (let at = 0; at + 1 < records.length; at += 2) {
    const [, link, line = ''] = /^file (yes|no) (.*)$/s.exec(records[at]!) ?? [];
    const own = records[at + 1]!.replace(/^\.\//, '');
    names.add(own);
    const stats = statsOf(line);
    if (stats === undefined || isUnfinishedName(own) || !isWanted(own, options.patterns)) continue;
    found.push({ name: own, path: nodePath.posix.join(absolute, own), stats, isLink: link === 'yes' });
  }
  return { nowMs, names, candidates: inOrder(dumps, found) };
}

function splitAtNul(bytes: Uint8Array): string[] {
  const records: string[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    records.push(decodeName(bytes.subarray(from, at)));
    from = at + 1;
  }
  return records;
}

function depthOf(patterns: readonly string[]): number {
  if (patterns.some((pattern) => pattern.includes('**'))) return DEEPEST;
  return Math.max(...patterns.map((pattern) => pattern.split('/').length));
}

function isWanted(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => nodePath.posix.matchesGlob(name, pattern));
}

function statsOf(line: string): CandidateStats | undefined {
  const stat = parseStat(line.trim());
  if (stat?.type !== 'file') return undefined;
  return { size: BigInt(stat.sizeBytes), mtimeNs: stat.mtimeNs, dev: stat.device, ino: stat.inode };
}
