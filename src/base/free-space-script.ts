/**
 * For `sh`: prints how many KiB are free where the folder is, or nothing where `df` does not tell. `folder` is a word of the script, such as
 * `"$1"`. The number is the one before the percentage: what is mounted can have spaces in its name.
 */
export function freeSpaceScript(folder: string): string {
  return `df -Pk ${folder} 2>/dev/null | sed -n '2s/.* \\([0-9][0-9]*\\)  *[0-9-]*% .*/\\1/p'`;
}
