import { pathToFileURL } from 'node:url';
import { SuretyError } from '../../../base/errors.ts';
import type { Exit, Reach } from '../../../reach/reach.ts';
import { toolFailure } from '../../tool.ts';
import type { SqliteOptions } from '../options.ts';
import { type About, toSourceError } from '../sqlite-error.ts';

/** A database file on another host. */
export interface FarDatabase {
  /** The source's name in the configuration. */
  readonly source: string;
  readonly reach: Reach;
  readonly options: SqliteOptions;
}

/** A path of another host, as errors show it. */
export function aboutFar({ source, reach }: FarDatabase, path: string): About {
  return { source, path: `${reach.traits.host}:${path}` };
}

/** The URI by which SQLite opens an absolute path of that host. */
export function databaseUri(path: string, how: 'mode=ro' | 'mode=rw' | 'immutable=1'): string {
  return `${pathToFileURL('/').href}${path.slice(1).split('/').map(encodeURIComponent).join('/')}?${how}`;
}

/** SQLite's result codes by what its programs say; the numbers are those of `sqlite3.h`. */
const SAID: readonly (readonly [pattern: RegExp, code: number])[] = [
  [/database (?:table )?is locked|database schema is locked/, 5],
  [/file is not a database|file is encrypted/, 26],
  [/disk image is malformed/, 11],
  [/database or disk is full|No space left on device/, 13],
  [/attempt to write a readonly database/, 8],
  [/unable to open database/, 14],
  [/disk I\/O error/, 10],
];

/** What a program said as an error like those of `node:sqlite`; undefined when it is none of SQLite. */
export function spokenError(said: string): (Error & { readonly errcode: number }) | undefined {
  const found = SAID.find(([pattern]) => pattern.test(said));
  if (found === undefined) return undefined;
  const line = said.split('\n').find((one) => found[0].test(one)) ?? said;
  return Object.assign(new Error(line.trim()), { errcode: found[1] });
}

/** For {@link import('../../tool.ts').ToolHow.explain}. */
export function explainFar(about: About, doing: string): (said: string, exit: Exit) => SuretyError {
  return (said, exit) => {
    if (exit.error instanceof SuretyError && exit.error.code !== 'reach.not-found') return exit.error;
    const spoken = spokenError(said);
    return spoken === undefined ? toolFailure(['sqlite'], doing, said, exit) : toSourceError(spoken, about);
  };
}
