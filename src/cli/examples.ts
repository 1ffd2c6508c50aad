/** Examples below the help of a command: what is typed, and what it does. */
export const EXAMPLES: Readonly<Record<string, readonly (readonly [line: string, does: string])[]>> = {
  init: [
    ['surety init', 'asks what to protect, and where to keep it'],
    ['surety init --folder ~/documents --store /mnt/disk/vault --password-file password', 'the same without questions'],
  ],
  backup: [
    ['surety backup', 'all jobs'],
    ['surety backup nightly --dry-run', 'what the job would do'],
    ['surety backup --source database', 'this source alone'],
  ],
  list: [
    ['surety list', 'everything, newest first'],
    ['surety list --source database --days 7', 'of the last week'],
  ],
  show: [
    ['surety show latest --entries', 'the newest recovery point, with all its files'],
    ["surety show latest --entries --path '**/*.pdf'", 'where PDF files are in it'],
  ],
  verify: [
    ['surety verify', 'is everything there that snapshots need?'],
    ['surety verify --read-data', 'is every stored byte what it was?'],
    ['surety verify --days 7 --read-data', 'of the last week'],
  ],
  restore: [
    ['surety restore latest --target ~/restored', 'everything into a new folder'],
    ["surety restore latest --source media --path '/srv/media/films/**' --target ~/restored", 'a part of one source'],
    ['surety restore latest --source shop --as shop_test', 'a database beside the one in use'],
    ['surety restore latest --at "2026-11-20 03:00" --dry-run', 'what going back to that time would change'],
  ],
  copy: [
    ['surety copy', 'what is missing where jobs say copy_to'],
    ['surety copy latest --to offsite', 'the newest recovery point'],
  ],
  copies: [['surety copies --check', 'ask the repositories, not the memory of this machine']],
  cleanup: [['surety cleanup --dry-run', 'what would go, and why']],
  forget: [['surety forget 3f2a9c01 --dry-run', 'what would go']],
  pin: [["surety pin latest --for 90d --reason 'before the migration'", 'keep the newest recovery point for a while']],
  check: [
    ['surety check', 'can the next backup work?'],
    ['surety check --repair --dry-run', 'what could be healed, and from where'],
  ],
  status: [['surety status --quiet', 'prints something only when somebody is needed']],
  'host check': [['surety host check main', 'one host; without a name, all of them']],
  'store check': [['surety store check offsite', 'the store under the repository offsite']],
  'schedule export': [['surety schedule export crontab', 'lines for crontab -e']],
  audit: [['surety audit --command restore --days 30', 'who restored what in the last month']],
};
