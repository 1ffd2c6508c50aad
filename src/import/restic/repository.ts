import type { Draft } from '../draft.ts';
import { nameOf } from '../names.ts';
import { hasPassword, secretInVariable, seemsSecret } from '../secrets.ts';
import { countOf, type Setting, textOf } from '../settings.ts';
import { splitWords } from '../shell-words.ts';
import type { Options, ResticCall } from './call.ts';
import { kindOf, storeOf } from './store.ts';

/** restic's words for how hard to compress, as levels of zstd. */
const LEVELS: Readonly<Record<string, number>> = { auto: 3, fastest: 1, better: 7, max: 19 };

/** Repositories that were put already, by the text of their location. */
export type KnownRepositories = Map<string, string>;

/** The repository that a call works on, put into the draft once. Undefined when the call does not say which it is. */
export function repositoryOf(call: ResticCall, known: KnownRepositories, draft: Draft): string | undefined {
  const [location] = lastOf(call, 'repo', 'RESTIC_REPOSITORY');
  const [file] = lastOf(call, 'repository-file', 'RESTIC_REPOSITORY_FILE');
  const text = location === undefined ? undefined : textOf(location);
  if (location === undefined || text === undefined || text === '') {
    if (file !== undefined)
      draft.omit(
        file,
        'the place of a repository stands in the configuration itself',
        'write it as `store` of a repository',
      );
    else if (location !== undefined) omitUnknown(location, draft);
    return undefined;
  }
  const before = known.get(text);
  if (before !== undefined) return before;
  const kind = kindOf(text) ?? 'local';
  const name = nameOf(kind === 'local' ? text : kind, (one) => draft.has('repositories', one), 'vault');
  known.set(text, name);
  if (hasPassword(text)) draft.note(location, 'the password in the address is not copied');
  draft.put('repositories', name, 'type', 'restic');
  draft.put('repositories', name, 'store', storeOf(text), location);
  draft.put('repositories', name, 'password', ...passwordOf(call, draft));
  draft.comment('repositories', name, 'The same repository: restic and Surety can both go on using it.');
  tuning(call, name, draft);
  return name;
}

export function omitUnknown(setting: Setting, draft: Draft): void {
  draft.omit(setting, 'its value is only known when the script runs', 'write it by hand');
}

/** Where the password comes from, in the order in which restic looks. */
function passwordOf(call: ResticCall, draft: Draft): [value: unknown, from: Setting | undefined] {
  const [file] = lastOf(call, 'password-file', 'RESTIC_PASSWORD_FILE');
  const path = file === undefined ? undefined : textOf(file);
  if (file !== undefined && path !== undefined) return [{ file: path }, file];
  const [command] = lastOf(call, 'password-command', 'RESTIC_PASSWORD_COMMAND');
  const argv = command === undefined ? undefined : argvOf(command);
  if (command !== undefined && argv !== undefined) return [{ command: argv }, command];
  if (command !== undefined)
    draft.omit(
      command,
      'it needs a shell, or has a secret in it',
      'put the password into a file and name that, or a script',
    );
  const [plain] = lastOf(call, 'RESTIC_PASSWORD');
  if (plain !== undefined && textOf(plain) !== undefined)
    return [secretInVariable(plain, draft, 'RESTIC_PASSWORD'), plain];
  if (plain === undefined && command === undefined) {
    draft.note(call.self, 'it does not say where the password is: Surety takes it from the variable RESTIC_PASSWORD');
  }
  return [{ env: 'RESTIC_PASSWORD' }, plain];
}

/** Program and arguments; undefined when it takes more than that, or prints a secret that stands in it. */
function argvOf(setting: Setting): string[] | undefined {
  const text = textOf(setting) ?? '';
  const [only, ...more] = splitWords(text, () => undefined);
  if (only === undefined || more.length > 0 || only.words.some(({ unknown }) => unknown)) return undefined;
  const argv = only.words.map((word) => word.text);
  const prints = /(?:^|\/)(?:echo|printf)$/.test(argv[0] ?? '');
  return prints || seemsSecret(text) ? undefined : argv;
}

function tuning(call: ResticCall, name: string, draft: Draft): void {
  const [compression] = lastOf(call, 'compression', 'RESTIC_COMPRESSION');
  const level = compression === undefined ? undefined : LEVELS[textOf(compression) ?? ''];
  if (level !== undefined) draft.put('repositories', name, 'compression', level, compression);
  else if (compression !== undefined)
    draft.omit(compression, 'new data is always compressed', 'nothing, or set `compression: 1` for the fastest');
  const [pack] = lastOf(call, 'pack-size', 'RESTIC_PACK_SIZE');
  const mebibytes = pack === undefined ? undefined : countOf(pack);
  if (mebibytes !== undefined) draft.put('repositories', name, 'pack_size', `${mebibytes}MiB`, pack);
  else if (pack !== undefined)
    draft.omit(pack, 'it must be a number of MiB', 'set `pack_size` of the repository by hand');
}

/** The last setting of the first of these options or variables that there is. */
function lastOf(call: ResticCall, ...names: readonly string[]): readonly Setting[] {
  const of = (options: Options, name: string) => options.get(name)?.slice(-1) ?? [];
  return names.flatMap((name) => [...of(call.options, name), ...of(call.variables, name)]).slice(0, 1);
}
