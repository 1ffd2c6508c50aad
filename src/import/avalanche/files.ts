import { type Avalanche, FILES } from './avalanche.ts';

/** What the scripts back up where nothing else is said. */
const DEFAULT_PATHS: readonly string[] = [
  'data/datasets',
  'data/raw',
  'data/processed',
  'data/reference',
  'data/report_storage',
  'consolidated_data',
  'config',
];

/** The folders, as relative paths: so a restore to the root puts them back where they were. */
export function filesSource({ draft, yaml, exists }: Avalanche): void {
  const given = yaml.texts('backup.paths');
  const paths = given?.value ?? DEFAULT_PATHS;
  // Where none is there, this is another machine, and nothing is known of them.
  const isKnown = exists !== undefined && paths.some((path) => exists(path));
  const there = isKnown ? paths.filter((path) => exists(path)) : paths;
  draft.put('sources', FILES, 'type', 'files');
  draft.put('sources', FILES, 'paths', there, given?.from);
  draft.put('sources', FILES, 'exclude', []);
  draft.put('sources', FILES, 'exclude_caches', false);
  const missing = paths.filter((path) => !there.includes(path));
  const known = 'A folder that is missing makes the backup fail, where the scripts only warned: name those that exist.';
  draft.comment(
    'sources',
    FILES,
    missing.length === 0 ? known : `${known} Left out, as they do not exist: ${missing.join(', ')}.`,
  );
  if (given === undefined || missing.length === 0) return;
  draft.omit(
    given.from,
    `${missing.join(', ')}: not there, and what is missing makes a backup fail`,
    'add the path to sources.files.paths once it exists',
  );
}
