/**
 * Translates the configuration of the Avalanche backup scripts: `config/backup.yaml`, the variables of `.env`, and the lines of a crontab
 * that start them. What is left out there means the same as it does to those scripts.
 */
import type { Draft } from '../draft.ts';
import type { Input } from '../input.ts';
import { isWindowsPath } from '../names.ts';
import { createReader, omitUnknown, type Reader } from '../reader.ts';
import { createSettings, type Setting, type Settings } from '../settings.ts';
import type { Translation } from '../translation.ts';
import { isMapping, settingsOf } from '../yaml-text.ts';
import { type Avalanche, LOCAL } from './avalanche.ts';
import { cloudRepository } from './cloud.ts';
import { cronCommands } from './crontab.ts';
import { databaseSource } from './database.ts';
import { filesSource } from './files.ts';
import { backupJobs } from './jobs.ts';
import { notifications } from './notifications.ts';

export function translateAvalanche({ inputs, draft, exists }: Translation): void {
  const yamlSettings = createSettings(inputs.flatMap(backupSettings));
  const envSettings = createSettings(inputs.flatMap(variablesOf));
  const yaml = createReader(yamlSettings, draft);
  const env = createReader(envSettings, draft);
  const avalanche: Avalanche = { draft, yaml, yamlSettings, env, envSettings, exists };
  databaseSource(avalanche);
  filesSource(avalanche);
  localRepository(avalanche);
  cloudRepository(avalanche);
  backupJobs(avalanche, cronCommands(inputs, draft));
  notifications(avalanche);
  omitEncryption(avalanche);
  omitUnknown(yamlSettings, draft, 'config/backup.yaml');
  noteOthers(envSettings, draft);
}

/** Plain archives were never encrypted by a key file. */
function omitEncryption({ draft, yaml }: Avalanche): void {
  const encryption = yaml.flag('backup.encryption');
  const key = yaml.text('backup.encryption_key');
  if (encryption?.value !== true) return;
  const reason = 'the scripts never encrypted anything, whatever this says: the backups that are there are plain';
  draft.omit(
    encryption.from,
    reason,
    'make a key pair with age-keygen and name it in `encryption` of the repository, or use a restic repository',
  );
  if (key !== undefined) draft.omit(key.from, 'nothing used this key', 'nothing was copied');
}

function backupSettings(input: Input): Setting[] {
  if (input.kind !== 'yaml') return [];
  return input.documents.flatMap((document) => {
    // A Compose file is looked at for its crontab only.
    if (!isMapping(document.value) || !Object.hasOwn(document.value, 'backup')) return [];
    const all = settingsOf(input.name, document);
    // Other settings of the application are no concern of a backup.
    return all.filter(({ key }) => key.startsWith('backup'));
  });
}

function variablesOf(input: Input): readonly Setting[] {
  if (input.kind === 'env') return input.settings;
  return input.kind === 'script' ? input.script.variables : [];
}

function localRepository({ draft, yaml, env }: Avalanche): void {
  const [inFile, inEnv] = [yaml.text('backup.root_dir'), env.text('BACKUP_ROOT_DIR')];
  const root = inFile ?? inEnv;
  if (root !== undefined && isWindowsPath(root.value))
    draft.note(root.from, 'it is a path of Windows: write it as it is where Surety runs');
  const compression = yaml.flag('backup.compression');
  draft.put('repositories', LOCAL, 'type', 'archive');
  draft.put('repositories', LOCAL, 'store', `file:${root?.value ?? 'data/backups'}`, root?.from);
  draft.put('repositories', LOCAL, 'compression', compression?.value === false ? 'none' : 'gzip', compression?.from);
  verification(yaml, draft);
  draft.comment(
    'repositories',
    LOCAL,
    'The backups that are there already are listed, verified and restored as they are.',
  );
}

/** New backups have SHA-256 or SHA-512 checksums and are read back, unless that is switched off. */
function verification(yaml: Reader, draft: Draft): void {
  const enabled = yaml.flag('backup.verification.enabled');
  if (enabled !== undefined) draft.put('repositories', LOCAL, 'verify_after', enabled.value, enabled.from);
  const algorithm = yaml.text('backup.verification.checksum_algorithm');
  const name = algorithm?.value.toLowerCase() ?? '';
  if (algorithm === undefined) return;
  if (['sha256', 'sha512'].includes(name)) draft.put('repositories', LOCAL, 'checksum', name, algorithm.from);
  else
    draft.omit(
      algorithm.from,
      `new backups have SHA-256 checksums; ${algorithm.value} is read from old ones only`,
      'nothing: old backups are verified by the checksum they have',
    );
}

const ABOUT_BACKUPS = /^(?:BACKUP|AWS|AZURE|GOOGLE|GCS|S3|SMTP|DB|SQLITE|POSTGRES)_/;

/** Settings of the application stand in the same file: those are no concern of a backup. */
function noteOthers(settings: Settings, draft: Draft): void {
  for (const setting of settings.left()) {
    if (!ABOUT_BACKUPS.test(setting.key)) continue;
    draft.omit(
      setting,
      'the backup scripts have no such variable that Surety knows',
      'look up what it does, and whether you need it',
    );
  }
}
