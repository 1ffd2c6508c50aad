/** What becomes of all other options of borgmatic. */
import type { Setting } from '../settings.ts';
import type { Borgmatic } from './borgmatic.ts';

/** Of no meaning for later: what is printed, where borg keeps its own things, how borg works inside. */
const PASSING =
  /^(?:color|verbosity|\w+_verbosity|log_\w+|progress|statistics|quick_statistics|list_details|borg_\w+|local_path|remote_path|files_cache|files_changed|checkpoint_\w+|chunker_params|upload_buffer_size|lock_wait|umask|temporary_directory|archive_name_format|match_archives|archive_\w+|file_list_format|prefix|numeric_ids|use_chunks_archive|recompress|relocated_repo_access_is_ok|unknown_unencrypted_repo_access_is_ok|debug_passphrase|display_passphrase|check_i_know_what_i_am_doing|msgpack_version_check|compact_threshold|check_last|check_repositories|default_actions|borgmatic_source_directory|user_\w+_directory|bootstrap|store_config_files)\b/;

const MONITORS =
  /^(?:ntfy|pushover|zabbix|apprise|healthchecks|uptime_kuma|cronitor|cronhub|pagerduty|loki|sentry|watchgoose)\b/;

interface Omission {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly remedy: string;
}

const OMITTED: readonly Omission[] = [
  {
    pattern: MONITORS,
    reason: 'this version calls no service by itself',
    remedy:
      'add a hook such as `curl -fsS -m 10 "$PING_URL"` to `hooks.after` of the job, with the address in the environment',
  },
  {
    pattern: /^(?:zfs|btrfs|lvm)\b/,
    reason: 'file system snapshots are for hooks',
    remedy: 'make and remove the snapshot in `hooks` of the source',
  },
  {
    pattern: /^(?:exclude_from|patterns_from)\b/,
    reason: 'patterns stand in the configuration itself',
    remedy: 'copy the lines of the file to `exclude` of the source',
  },
  {
    pattern: /^(?:exclude_if_present|keep_exclude_tags|exclude_nodump)\b/,
    reason: 'folders are left out by name, pattern or CACHEDIR.TAG only',
    remedy: 'add the folders to `exclude`, or put a CACHEDIR.TAG into them',
  },
  {
    pattern: /^source_directories_must_exist\b/,
    reason: 'what is missing always makes a backup fail',
    remedy: 'name only folders that exist',
  },
  {
    pattern: /^(?:atime|ctime|birthtime|flags)\b/,
    reason: 'which attributes are stored is not chosen',
    remedy: 'see what is backed up in the documentation',
  },
  {
    pattern: /^(?:read_special|unsafe_skip_path_validation_before_create)\b/,
    reason: 'devices and pipes are stored as what they are',
    remedy: 'write a source of type command for what they give',
  },
  {
    pattern: /^ssh_command\b/,
    reason: 'ssh is called as it is configured',
    remedy: 'write its options to ~/.ssh/config, or the repository as { sftp: { host, identity_file, … } }',
  },
  {
    pattern: /^(?:retries|retry_wait)\b/,
    reason: 'a store is asked again by itself, a whole backup is not',
    remedy: 'start the job again from cron',
  },
  {
    pattern: /^(?:before|after)_(?:prune|compact|check|extract)\b/,
    reason: 'hooks are for backups only',
    remedy: 'run the command beside `surety cleanup` or `surety verify` in cron',
  },
  {
    pattern: /^(?:extra_borg_options|skip_actions|systemd|container|keepassxc|passcommand)\b/,
    reason: 'it is about borg or borgmatic themselves',
    remedy: 'look whether you need it',
  },
];

export function omitOthers(borgmatic: Borgmatic): void {
  checksOf(borgmatic);
  const { settings, draft } = borgmatic;
  for (const setting of settings.left()) {
    const { key } = setting;
    if (PASSING.test(key)) continue;
    const omission = OMITTED.find(({ pattern }) => pattern.test(key));
    draft.omit(
      setting,
      omission?.reason ?? 'Surety knows no such option of borgmatic',
      omission?.remedy ?? 'look up what it does, and whether you need it',
    );
  }
}

/** Checks have a schedule of their own: `data` reads everything that is stored. */
function checksOf({ settings, draft }: Borgmatic): void {
  const whole = settings.take('checks');
  const all: Setting[] = [...(whole === undefined ? [] : [whole]), ...settings.takeBelow('checks')];
  const names = all.flatMap(({ value }) => (Array.isArray(value) ? value.map(String) : [String(value)]));
  const wanted = all.filter(({ value }) => value !== 'disabled');
  if (wanted.length === 0) return;
  draft.put('maintenance', 'verify', 'schedule', '0 6 * * 0', ...wanted);
  if (names.includes('data')) draft.put('maintenance', 'verify', 'read_data', true);
  const [first] = wanted;
  if (first !== undefined) draft.note(first, 'checks are made every Sunday at 06:00, not with each backup');
}
