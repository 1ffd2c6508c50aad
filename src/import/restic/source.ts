import { posix } from 'node:path';
import type { Draft } from '../draft.ts';
import { isWindowsPath, nameOf } from '../names.ts';
import { flagOf, type Setting, textOf, textsOf } from '../settings.ts';
import type { ResticCall } from './call.ts';
import { omissionOf } from './options.ts';
import { omitUnknown } from './repository.ts';

/** The source that a call of `backup` reads; undefined when it reads none that a configuration can name. */
export function sourceOf(call: ResticCall, draft: Draft): string | undefined {
  for (const [name, settings] of call.options) {
    const omission = omissionOf(name);
    if (omission !== undefined) for (const one of settings) draft.omit(one, omission.reason, omission.remedy);
  }
  const paths = pathsOf(call, draft);
  if (paths.length === 0) {
    if (!call.options.has('stdin') && !call.options.has('stdin-from-command') && !call.options.has('files-from')) {
      draft.omit(call.self, 'it names no path that is known', 'write a source for it by hand');
    }
    return undefined;
  }
  const first = paths[0]?.path ?? '';
  const name = nameOf(call.profile ?? first, (one) => draft.has('sources', one));
  draft.put('sources', name, 'type', 'files');
  draft.put(
    'sources',
    name,
    'paths',
    [...new Set(paths.map(({ path }) => path))],
    ...new Set(paths.map(({ from }) => from)),
  );
  putExcludes(call, name, draft);
  putFlag(call, name, 'exclude-caches', draft);
  putFlag(call, name, 'one-file-system', draft);
  const larger = call.options.get('exclude-larger-than')?.at(-1);
  if (larger !== undefined)
    draft.put('sources', name, 'exclude_larger_than', textOf(larger)?.replace(/^([\d.]+)([kmgt])$/i, '$1$2iB'), larger);
  return name;
}

interface Path {
  readonly path: string;
  readonly from: Setting;
}

function pathsOf({ paths, folder }: ResticCall, draft: Draft): Path[] {
  return paths.flatMap((from) => {
    const texts = from.value === null ? undefined : textsOf(from);
    if (texts === undefined) {
      omitUnknown(from, draft);
      return [];
    }
    return texts.map((text) => {
      const isWhole = text.startsWith('/') || text.startsWith('~') || isWindowsPath(text) || folder === undefined;
      if (/[*?[]/.test(text))
        draft.note(from, 'the shell expands patterns in paths, Surety does not: name the folders');
      return { path: isWhole ? text : posix.join(folder, text), from };
    });
  });
}

/** restic has no excludes of its own: what stands here is all. */
function putExcludes({ options }: ResticCall, name: string, draft: Draft): void {
  const from: Setting[] = [];
  const patterns = (options.get('exclude') ?? []).flatMap((setting) => {
    const texts = setting.value === null ? undefined : textsOf(setting);
    if (texts === undefined) omitUnknown(setting, draft);
    else from.push(setting);
    return (texts ?? []).flatMap((text) => patternOf(text, setting, draft));
  });
  draft.put('sources', name, 'exclude', patterns, ...from);
}

function patternOf(text: string, setting: Setting, draft: Draft): string[] {
  if (text.startsWith('!')) {
    draft.omit(
      setting,
      `patterns can not take back what others leave out (${text})`,
      'write patterns that leave out only what they should',
    );
    return [];
  }
  if (text.startsWith('~')) {
    draft.omit(setting, `patterns know no home folder (${text})`, 'write the whole path to `exclude` of the source');
    return [];
  }
  // Braces are nothing special to restic.
  return [text.replaceAll(/[{}]/g, '\\$&')];
}

/** What restic does only when told, and Surety unless told otherwise, is said either way. */
function putFlag({ options }: ResticCall, name: string, option: string, draft: Draft): void {
  const setting = options.get(option)?.at(-1);
  const flag = setting === undefined ? false : (flagOf(setting) ?? true);
  if (setting !== undefined || option === 'exclude-caches')
    draft.put('sources', name, option.replaceAll('-', '_'), flag, setting);
}
