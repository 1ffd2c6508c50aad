/** Looks at the database and at the programs on its host, in one go. */
import nodePath from 'node:path';
import { runScript, valuesOf } from '../../far-script.ts';
import { type FarStat, parseStat, STAT_LINE } from '../../far-stat.ts';
import { notADatabase, toSourceError } from '../sqlite-error.ts';
import { aboutFar, explainFar, type FarDatabase } from './database.ts';
import { chooseTools, type FarTools } from './tools.ts';

/** A path there, as configured and as the file system has it. */
export interface FarPlace {
  /** Absolute. */
  readonly path: string;
  /** Links followed. */
  readonly real: string;
  /** Undefined: there is nothing. */
  readonly file: FarStat | undefined;
  readonly wal: FarStat | undefined;
  readonly hasJournal: boolean;
  /** Folders above `path`, the outermost first; those that are there. */
  readonly folders: readonly FarStat[];
  /** The first bytes of the file; fewer where it is shorter or may not be read. */
  readonly header: Buffer;
  /** By the clock of that host, in seconds. */
  readonly nowSeconds: number;
  readonly isRoot: boolean;
  /** Whether files for a while can be on the file system of the database without being beside it. */
  readonly temporaryIsNear: boolean;
  readonly tools: FarTools;
}

const LOOK = `${STAT_LINE}
p=$1
case $p in '~') p=$HOME ;; '~/'*) p=$HOME/\${p#'~/'} ;; /*) ;; *) p=$(pwd)/$p ;; esac
real=$(readlink -f -- "$p" 2>/dev/null || realpath "$p" 2>/dev/null || printf '%s' "$p")
printf 'path %s\\nreal %s\\n' "$p" "$real"
printf 'file '; stat_line "$real"
printf 'wal '; stat_line "$real-wal"
printf 'journal '; stat_line "$real-journal"
printf 'header %s\\n' "$(head -c 100 "$real" 2>/dev/null | od -An -v -tx1 | tr -d ' \\n')"
printf 'now %s\\nuser %s\\n' "$(date +%s)" "$(id -u)"
printf 'near '; stat_line "\${TMPDIR:-/tmp}"
d=$p
while [ "\${d%/*}" != "" ]; do d=\${d%/*}; printf 'above '; stat_line "$d"; done
v=$(sqlite3 -version 2>/dev/null) && printf 'sqlite3 %s\\n' "\${v%% *}"
v=$(python3 -I -c 'import sqlite3, hashlib; print(sqlite3.sqlite_version)' 2>/dev/null) && printf 'python %s\\n' "$v"
gzip --help >/dev/null 2>&1 && printf 'gzip yes\\n'
exit 0
`;

/** Throws `source.tool-missing`, `source.tool-too-old` and what keeps the host from being reached. */
export async function lookFar(database: FarDatabase, signal: AbortSignal): Promise<FarPlace> {
  const { options, reach, source } = database;
  const asked = nodePath.posix.normalize(options.path);
  const doing = `database ${source} on ${reach.traits.host}`;
  const explain = explainFar(aboutFar(database, asked), doing);
  const values = valuesOf(await runScript(reach, LOOK, [asked], { signal, doing, explain }));
  const one = (key: string): string => values.get(key)?.[0] ?? '';
  const folders = (values.get('above') ?? []).map(parseStat).reverse();
  const [path, real] = [one('path'), one('real')];
  const beside = folders.at(-1);
  return {
    path,
    real,
    file: parseStat(one('file')),
    wal: parseStat(one('wal')),
    hasJournal: parseStat(one('journal')) !== undefined,
    folders: folders.flatMap((folder) => folder ?? []),
    header: Buffer.from(one('header'), 'hex'),
    nowSeconds: Number(one('now')),
    isRoot: one('user') === '0',
    temporaryIsNear: beside !== undefined && parseStat(one('near'))?.device === beside.device,
    tools: chooseTools(
      database,
      { sqlite3: values.get('sqlite3')?.[0], python: values.get('python')?.[0] },
      one('gzip'),
    ),
  };
}

export interface Header {
  readonly journalMode: 'wal' | 'rollback';
  readonly sizeBytes: number;
}

/** Throws `source.missing`, `source.unreadable` or `source.corrupt` for what is no database. */
export function expectDatabase(database: FarDatabase, { path, file, header }: FarPlace): Header {
  const about = aboutFar(database, path);
  if (file === undefined) throw toSourceError(Object.assign(new Error('it is not there'), { code: 'ENOENT' }), about);
  if (file.type !== 'file' || file.sizeBytes === 0) throw notADatabase(about);
  if (header.length === 0)
    throw toSourceError(Object.assign(new Error('it may not be read'), { code: 'EACCES' }), about);
  if (header.length < 100 || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw notADatabase(about);
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  return { journalMode: header[18] === 2 ? 'wal' : 'rollback', sizeBytes: header.readUInt32BE(28) * pageBytes };
}
