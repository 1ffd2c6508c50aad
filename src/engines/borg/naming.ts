import { withoutPlaceholders } from './place.ts';

/**
 * Names of archives: `media@web1:2026-01-01T03:00:00Z`. What stands before the colon is in no name of a source or host, so that
 * `borg prune --glob-archives 'media@web1:*'` means one series, whatever else is in the repository.
 */
export function archiveName(source: string, host: string, time: Date, taken: ReadonlySet<string>): string {
  const plain = (text: string) => text.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  const name = `${plain(source)}@${plain(host)}:${time.toISOString().slice(0, 19)}Z`;
  if (!taken.has(name)) return name;
  for (let count = 2; ; count++) if (!taken.has(`${name}-${count}`)) return `${name}-${count}`;
}

/** What borg calls an archive that is not finished: it leaves one about every half hour, and when it is interrupted. */
export function isCheckpoint(name: string): boolean {
  return /\.checkpoint(\.\d+)?$/.test(name);
}

/** Words for the command line: the archive of the repository that `BORG_REPO` names. */
export function archiveArgument(name: string): string {
  return `::${withoutPlaceholders(name)}`;
}
