import type { Draft } from '../draft.ts';
import type { Setting } from '../settings.ts';

const TRANSLATED =
  /^RESTIC_(?:REPOSITORY|REPOSITORY_FILE|PASSWORD|PASSWORD_FILE|PASSWORD_COMMAND|COMPRESSION|PACK_SIZE)$/;
/** Of no meaning for later. */
const PASSING = /^RESTIC_(?:CACHE_DIR|PROGRESS_FPS|READ_CONCURRENCY|KEY_HINT|HOST|FEATURES)$/;
const CREDENTIALS = /^(?:AWS|AZURE|GOOGLE|B2|OS|ST|RCLONE)_/;

/** A script's own variables are its own business, unless restic or a store reads them. */
export function isBesideSecret({ key }: Setting): boolean {
  return key.startsWith('RESTIC_') || CREDENTIALS.test(key);
}

/** Tells of the variables that are not carried over, and of those that go on working by themselves. */
export function omitVariables(variables: readonly Setting[], draft: Draft): void {
  for (const setting of variables) {
    if (TRANSLATED.test(setting.key) || PASSING.test(setting.key)) continue;
    if (CREDENTIALS.test(setting.key)) {
      draft.note(setting, 'the store takes it from the environment, under the same name: nothing is copied');
    } else if (setting.key.startsWith('RESTIC_')) {
      draft.omit(setting, 'Surety knows no such variable', 'look up what it does, and whether you need it');
    }
  }
}
