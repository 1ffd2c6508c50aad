import { compileGlob } from './glob.ts';

/**
 * What Surety itself makes for a while: folders with the copy or the dump of a database, and files of a restore that are not finished. Exactly the
 * names it makes, so that nothing of a person's is left out.
 */
const OWN_NAMES =
  /^\.surety-[0-9a-f]{8}$|^\.surety-[a-z]+-[0-9a-f]{8}-\d+-[0-9a-f]{12}$|.\.surety-restore-\d+-[0-9a-f]{8}(?:-(?:wal|shm|journal))?$/s;

/** Databases that a restore replaced and kept: as they were before, they are in older snapshots. Exactly the names it gives. */
const KEPT_NAMES = /.\.before-restore-\d{8}T\d{6}Z(?:-(?:wal|shm|journal))?$/s;

/**
 * Decides by name what is left out of a backup.
 *
 * A pattern without a slash matches a base name anywhere (`*.saving`); one that begins with a slash matches the whole
 * absolute path (`/srv/media/cache`); any other matches the last names of a path (`cache/tmp`). A slash at the end
 * restricts a pattern to directories. What is in an excluded directory is excluded with it. Surety's own names (temporary ones,
 * and databases that a restore kept) are always excluded.
 */
export interface Exclusion {
  /** `absolute` is the whole path on this host, `name` its last name. */
  excludes(absolute: string, name: string, isDirectory: boolean): boolean;
  /** Whether another source protects what is at this path: it is left out here, but it is there. */
  isElsewhere(absolute: string): boolean;
}

interface Rule {
  readonly whole: boolean;
  readonly directoriesOnly: boolean;
  readonly expression: RegExp;
}

/** `elsewhere` are absolute paths that other sources protect. Throws `glob.invalid` for a pattern that makes no sense. */
export function compileExclusion(patterns: readonly string[], elsewhere: ReadonlySet<string> = new Set()): Exclusion {
  const names = new Set<string>();
  const endings: string[] = [];
  const rules: Rule[] = [];
  for (const pattern of patterns) {
    if (pattern === '') continue;
    if (/^[^/*?[{\\]+$/.test(pattern)) names.add(pattern);
    else if (/^\*[^/*?[{\\]+$/.test(pattern)) endings.push(pattern.slice(1));
    else rules.push(compileRule(pattern));
  }
  return {
    excludes(absolute, name, isDirectory) {
      // Literal names and endings are nearly all of what people write, and this runs for every file.
      if (names.has(name)) return true;
      for (const ending of endings) if (name.endsWith(ending)) return true;
      for (const rule of rules) {
        if (rule.directoriesOnly && !isDirectory) continue;
        if (rule.expression.test(rule.whole ? absolute : name)) return true;
      }
      if (!isDirectory && name.includes('.before-restore-') && KEPT_NAMES.test(name)) return true;
      return name.includes('.surety-') && OWN_NAMES.test(name);
    },
    isElsewhere: (absolute) => elsewhere.has(absolute),
  };
}

function compileRule(pattern: string): Rule {
  const directoriesOnly = pattern.length > 1 && pattern.endsWith('/');
  const body = directoriesOnly ? pattern.slice(0, -1) : pattern;
  if (!body.includes('/')) return { whole: false, directoriesOnly, expression: compileGlob(body) };
  const anchored = body.startsWith('/') ? body : `/**/${body}`;
  // `a/**` means what is in `a`, so that `a` itself stays.
  const inside = anchored.endsWith('/**') ? `${anchored}/*` : anchored;
  return { whole: true, directoriesOnly, expression: compileGlob(inside) };
}
