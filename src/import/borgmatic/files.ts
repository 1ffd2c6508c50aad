import { posix } from 'node:path';
import type { Draft } from '../draft.ts';
import type { Taken } from '../reader.ts';
import type { Setting } from '../settings.ts';
import type { Borgmatic } from './borgmatic.ts';
import { excludeOf } from './patterns.ts';

const NAME = 'files';

/** The folders and files, with what is left out. */
export function filesSource({ draft, reader }: Borgmatic): string[] {
  const [given, patterns, excludes] = [
    reader.texts('source_directories'),
    reader.texts('patterns'),
    reader.texts('exclude_patterns'),
  ];
  const folder = reader.text('working_directory');
  const roots = rootsOf(patterns, draft);
  const paths = [...(given?.value ?? []), ...roots.paths].flatMap((path) =>
    pathOf(path, folder?.value, given?.from ?? patterns?.from, draft),
  );
  const [caches, single] = [reader.flag('exclude_caches'), reader.flag('one_file_system')];
  if (paths.length === 0) {
    for (const taken of [excludes, caches, single, folder]) {
      if (taken !== undefined)
        draft.omit(taken.from, 'there are no folders that it could be about', 'write a files source by hand');
    }
    return [];
  }
  draft.put('sources', NAME, 'type', 'files');
  draft.put('sources', NAME, 'paths', [...new Set(paths)], given?.from, patterns?.from, folder?.from);
  const left = (excludes?.value ?? []).flatMap((pattern) => patternOf(pattern, 'fm', excludes!.from, draft));
  draft.put('sources', NAME, 'exclude', [...left, ...roots.excludes], excludes?.from);
  draft.put('sources', NAME, 'exclude_caches', caches?.value ?? false, caches?.from);
  if (single !== undefined) draft.put('sources', NAME, 'one_file_system', single.value, single.from);
  return [NAME];
}

function pathOf(path: string, folder: string | undefined, from: Setting | undefined, draft: Draft): string[] {
  if (/[*?[]|\$\{?\w/.test(path)) {
    if (from !== undefined)
      draft.omit(
        from,
        `paths are taken as they are, without patterns and variables (${path})`,
        'write the folders themselves to `paths`',
      );
    return [];
  }
  const isWhole = path.startsWith('/') || path.startsWith('~') || folder === undefined;
  return [isWhole ? path : posix.join(folder, path)];
}

/** `R /path` begins a tree, `- pattern` and `! pattern` leave something out. */
function rootsOf(
  taken: Taken<string[]> | undefined,
  draft: Draft,
): { readonly paths: string[]; readonly excludes: string[] } {
  const paths: string[] = [];
  const excludes: string[] = [];
  for (const line of taken?.value ?? []) {
    const [, sign, rest = ''] = /^\s*([RP+!-])\s+(.*)$/.exec(line) ?? [];
    if (sign === 'R') paths.push(rest);
    else if (sign === '-' || sign === '!') excludes.push(...patternOf(rest, 'sh', taken!.from, draft));
    else
      draft.omit(
        taken!.from,
        `patterns only leave out, they take nothing back in (${line})`,
        'write patterns that leave out only what they should',
      );
  }
  return { paths, excludes };
}

function patternOf(pattern: string, style: 'fm' | 'sh', from: Setting, draft: Draft): string[] {
  const found = excludeOf(pattern, style);
  if (found !== undefined) return [found];
  draft.omit(
    from,
    `this pattern has no equal (${pattern})`,
    'write it to `exclude` of the source as a pattern with *, ** and ?',
  );
  return [];
}
