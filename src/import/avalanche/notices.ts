import type { Avalanche } from './avalanche.ts';

const HOW_TO_HEAR =
  'let cron or systemd mail what `surety … --quiet` prints, or add a hook to `hooks.after` of the jobs';

/** What nothing here does: messages to people, and encryption of plain archives by a key file. */
export function omitNotices({ draft, yaml, yamlSettings }: Avalanche): void {
  const enabled = yaml.flag('backup.notifications.enabled');
  const messages = yamlSettings.takeBelow('backup.notifications');
  if (enabled?.value === true) {
    draft.omit(enabled.from, 'this version sends no messages by itself', HOW_TO_HEAR);
    for (const setting of messages) {
      const isSecret = /password|webhook/.test(setting.key);
      draft.omit(
        setting,
        'this version sends no messages by itself',
        isSecret ? 'nothing was copied; it is a secret' : HOW_TO_HEAR,
      );
    }
  }
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
