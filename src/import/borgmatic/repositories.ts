import { nameOf } from '../names.ts';
import type { Taken } from '../reader.ts';
import { secretInVariable, seemsSecret, withoutPassword } from '../secrets.ts';
import type { Setting } from '../settings.ts';
import { splitWords } from '../shell-words.ts';
import type { Borgmatic } from './borgmatic.ts';

/** What only matters when a repository is made. */
const CREATION = ['encryption', 'id_hash', 'key_location', 'append_only', 'storage_quota', 'make_parent_directories'];

/** Borg's repositories, by their labels. */
export function repositoriesOf(borgmatic: Borgmatic): string[] {
  const { draft } = borgmatic;
  const password = passwordOf(borgmatic);
  const options = optionsOf(borgmatic);
  const names = locationsOf(borgmatic).map(({ path, label }) => {
    const called = label === undefined ? path.value : label.value;
    const name = nameOf(called, (one) => draft.has('repositories', one), 'borg');
    draft.put('repositories', name, 'type', 'borg');
    draft.put('repositories', name, 'path', withoutPassword(path.value), path.from, label?.from);
    if (password !== undefined) draft.put('repositories', name, 'password', password.value, password.from);
    for (const { key, value, from } of options) draft.put('repositories', name, key, value, from);
    return name;
  });
  return names;
}

interface Option {
  readonly key: string;
  readonly value: unknown;
  readonly from: Setting;
}

/** What is said of borg itself, for all repositories. */
function optionsOf({ reader }: Borgmatic): Option[] {
  const options: Option[] = [];
  const put = <Value>(
    key: string,
    taken: Taken<Value> | undefined,
    become: (value: Value) => unknown = (same) => same,
  ) => {
    if (taken !== undefined) options.push({ key, value: become(taken.value), from: taken.from });
  };
  put('compression', reader.text('compression'));
  put('program', reader.text('local_path'));
  put('remote_path', reader.text('remote_path'));
  put('lock_wait', reader.count('lock_wait'), (seconds) => `${seconds}s`);
  put('limit', reader.count('upload_rate_limit'), (rate) => ({ upload: `${Math.max(16, rate)}KiB/s` }));
  put('base_dir', reader.text('borg_base_directory'));
  put('cache_dir', reader.text('borg_cache_directory'));
  put('allow_moved', reader.flag('relocated_repo_access_is_ok'));
  put('allow_unknown_unencrypted', reader.flag('unknown_unencrypted_repo_access_is_ok'));
  return options;
}

interface Location {
  readonly path: { readonly value: string; readonly from: Setting };
  readonly label: { readonly value: string; readonly from: Setting } | undefined;
}

/** A list of paths, or of mappings with `path` and `label`. */
function locationsOf({ reader, settings }: Borgmatic): Location[] {
  if (settings.has('repositories[0]')) {
    const found: Location[] = [];
    for (let at = 0; settings.has(`repositories[${at}]`); at++) {
      const below = `repositories[${at}]`;
      const path = reader.text(`${below}.path`) ?? reader.text(below);
      const label = reader.text(`${below}.label`);
      for (const key of CREATION) settings.take(`${below}.${key}`);
      if (path !== undefined) found.push({ path, label });
    }
    return found;
  }
  const list = reader.texts('repositories');
  return (list?.value ?? []).map((value) => ({ path: { value, from: list!.from }, label: undefined }));
}

function passwordOf({ draft, reader }: Borgmatic): { readonly value: unknown; readonly from: Setting } | undefined {
  const [phrase, command] = [reader.text('encryption_passphrase'), reader.text('encryption_passcommand')];
  if (phrase !== undefined)
    return {
      value: secretReference(phrase.value) ?? secretInVariable(phrase.from, draft, 'BORG_PASSPHRASE'),
      from: phrase.from,
    };
  if (command === undefined) return undefined;
  const [only, ...more] = splitWords(command.value, () => undefined);
  const argv = only?.words.map(({ text }) => text) ?? [];
  const isPlain = more.length === 0 && argv.length > 0 && only?.words.every(({ unknown }) => !unknown) === true;
  if (isPlain && !seemsSecret(command.value) && !/(?:^|\/)(?:echo|printf)$/.test(argv[0] ?? ''))
    return { value: { command: argv }, from: command.from };
  draft.omit(
    command.from,
    'it needs a shell, or has a secret in it',
    'put the passphrase into a file and name that, or a script',
  );
  return { value: { env: 'BORG_PASSPHRASE' }, from: command.from };
}

/** `${NAME}`, `{credential file /path}` and `{credential container NAME}` already say where a secret is. */
export function secretReference(text: string): Readonly<Record<string, unknown>> | undefined {
  const variable = /^\$\{?([A-Za-z_]\w*)\}?$/.exec(text)?.[1];
  if (variable !== undefined) return { env: variable };
  const [, kind, place] = /^\{credential\s+(file|container|systemd)\s+(\S.*?)\s*\}$/.exec(text) ?? [];
  if (kind === 'file') return { file: place };
  return kind === 'container' ? { file: `/run/secrets/${place}` } : undefined;
}
