/**
 * Translates the variables of the containers sql-backup and volume-replicator, from environment files and from the manifests of
 * Kubernetes and Docker Compose. What is left out there means the same as it does to those containers.
 */
import type { Draft } from '../draft.ts';
import { createSettings, type Setting } from '../settings.ts';
import type { Translation } from '../translation.ts';
import { type Prepared, type Run, runsOf } from './run.ts';
import { dumpsOf } from './sql-backup.ts';
import { copiesOf } from './volume-replicator.ts';

/** What makes a container one of these: others stand in the same manifests. */
const DUMPS = /^(?:BACKUP_(?:TYPE|COUNT|PRIOR_\w+|PRE_EXIT_SLEEP_M|VOLUME_\w+)|PGADMINPASS|MSHOST)$/;
const ABOUT_BACKUPS =
  /^(?:BACKUP|PG|MS|AWS|RSYNC|USE_RCLONE|RCLONE|USE_DOW|REPLICATE|VOLUME_A|S3)_?|^(?:DATABASE|POST_DEBUG)$/;

export function translateBandr({ inputs, draft }: Translation): void {
  const runs = inputs.flatMap(runsOf);
  for (const run of runs) if (has(run, /^REPLICATE_/)) copiesOf(run, prepare(run, draft), draft);
  const dumps = runs.filter(
    (run) => !has(run, /^REPLICATE_/) && (has(run, DUMPS) || (has(run, /^PGHOST$/) && has(run, /^USE_RCLONE/))),
  );
  dumpsOf(
    dumps.map((run) => ({ run, ...prepare(run, draft) })),
    draft,
  );
}

function has({ variables }: Run, pattern: RegExp): boolean {
  return variables.some(({ key }) => pattern.test(key));
}

function prepare({ variables }: Run, draft: Draft): Prepared {
  const settings = createSettings(variables);
  const finish = () => {
    for (const setting of settings.left().filter(({ key }) => ABOUT_BACKUPS.test(key))) omitUnknown(setting, draft);
  };
  return { settings, finish };
}

function omitUnknown(setting: Setting, draft: Draft): void {
  draft.omit(
    setting,
    'the container has no such variable that Surety knows',
    'look up what it does, and whether you need it',
  );
}
