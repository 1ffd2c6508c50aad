/** The programs whose configurations can be imported. */
export const FORMATS = ['avalanche', 'bandr', 'restic', 'borgmatic'] as const;
export type Format = (typeof FORMATS)[number];

/** What each is, for messages and help. */
export const FORMAT_TITLES: Readonly<Record<Format, string>> = {
  avalanche: 'the Avalanche backup scripts (config/backup.yaml and .env)',
  bandr: 'the sql-backup and volume-replicator images (environment variables or Kubernetes manifests)',
  restic: 'restic (environment, scripts, crontabs) or resticprofile',
  borgmatic: 'borgmatic',
};
