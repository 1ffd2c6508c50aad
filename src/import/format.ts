/** Which program a configuration belongs to, told by its content. */
import { SuretyError } from '../base/errors.ts';
import { runsOf } from './bandr/run.ts';
import { FORMATS, type Format } from './formats.ts';
import type { Input } from './input.ts';
import { isMapping } from './yaml-text.ts';

/** Variables that no other of these programs has. */
const BANDR_VARIABLES =
  /^(?:BACKUP_TYPE|BACKUP_COUNT|BACKUP_PRIOR_\w+|BACKUP_PRE_EXIT_SLEEP_M|BACKUP_VOLUME_\w+|PGADMINPASS|REPLICATE_\w+|RSYNC_(?:HOST|PATH|USER|PASS)|USE_RCLONE\w*|USE_DOW_FOR_RCLONE|VOLUME_A_IS_S3)$/;
const AVALANCHE_KEYS = ['root_dir', 'retention', 'cloud', 'notifications', 'schedule', 'verification', 'encryption'];
const AVALANCHE_PROGRAMS = /\b(?:backup_manager\.py|verify_recent_backups\.py|(?:database|files|full)_backup\.sh)\b/;
const BORGMATIC_KEYS =
  /^(?:source_directories|keep_(?:within|\w*ly)|archive_name_format|(?:postgresql|mysql|mariadb|sqlite|mongodb)_databases|borg_\w+|(?:before|after)_(?:backup|actions|everything)|encryption_pass(?:phrase|command))$/;

/** The format of all inputs together. Throws `config.unknown-format` when nothing, or more than one thing, fits. */
export function recognize(inputs: readonly Input[]): Format {
  const scores = FORMATS.map((format) => ({ format, score: inputs.filter((input) => CLUES[format](input)).length }));
  const best = Math.max(...scores.map(({ score }) => score));
  const fitting = scores.filter(({ score }) => score === best).map(({ format }) => format);
  const [only] = fitting;
  const names = inputs.map(({ name }) => name).join(', ');
  if (best > 0 && fitting.length === 1 && only !== undefined) return only;
  const what = best === 0 ? 'is of no format that can be imported' : `could be of ${fitting.join(' or ')}`;
  throw new SuretyError('config.unknown-format', `${names} ${what}`, {
    hint: `say which with --from ${FORMATS.join('|')}`,
  });
}

const CLUES: Readonly<Record<Format, (input: Input) => boolean>> = {
  avalanche: (input) =>
    rootsOf(input).some((root) => isMapping(root.backup) && hasAny(root.backup, AVALANCHE_KEYS)) ||
    variablesOf(input).some((name) => /^(?:DB_(?:TYPE|NAME|PASSWORD)|BACKUP_CLOUD_\w+)$/.test(name)) ||
    AVALANCHE_PROGRAMS.test(input.text),
  bandr: (input) =>
    variablesOf(input).some((name) => BANDR_VARIABLES.test(name)) ||
    (input.kind === 'yaml' && /\bkind:\s*(?:CronJob|Job|Template)\b/.test(input.text)),
  restic: (input) =>
    variablesOf(input).some((name) => name.startsWith('RESTIC_')) ||
    (input.kind === 'script' && input.script.commands.some(({ words }) => words.some(isRestic))) ||
    rootsOf(input).some((root) => profilesOf(root).some(isProfile)),
  borgmatic: (input) =>
    rootsOf(input).some(
      (root) =>
        Object.keys(root).some((key) => BORGMATIC_KEYS.test(key)) || hasAny(root.location, ['source_directories']),
    ),
};

function isRestic({ text }: { readonly text: string }): boolean {
  return /(?:^|[\\/])restic(?:\.exe)?$/.test(text);
}

function rootsOf(input: Input): Readonly<Record<string, unknown>>[] {
  return input.kind === 'yaml' ? input.documents.map(({ value }) => value).filter(isMapping) : [];
}

/** Of environment files and scripts, and of the containers in manifests. */
function variablesOf(input: Input): string[] {
  return runsOf(input).flatMap(({ variables }) => variables.map(({ key }) => key));
}

function profilesOf(root: Readonly<Record<string, unknown>>): unknown[] {
  return [...Object.values(root), ...(isMapping(root.profiles) ? Object.values(root.profiles) : [])];
}

function isProfile(value: unknown): boolean {
  return (
    isMapping(value) &&
    ['repository', 'repository-file', 'password-file', 'inherit'].some((key) => Object.hasOwn(value, key))
  );
}

function hasAny(value: unknown, keys: readonly string[]): boolean {
  return isMapping(value) && keys.some((key) => Object.hasOwn(value, key));
}
