import { compareObjects } from './compare-objects.ts';
import type { Fingerprint } from './source.ts';

export interface Comparison {
  readonly equal: boolean;
  /** For people: what was compared, or the first differences. */
  readonly detail: string;
  /** Worth knowing, no difference that counts. */
  readonly notes: readonly string[];
}

const SHOWN = 5;

/** Compares what a restored database contains with what was recorded when it was backed up. */
export function compareFingerprints(recorded: Fingerprint, found: Fingerprint): Comparison {
  if (recorded.algorithm !== found.algorithm) {
    return { equal: false, detail: `recorded as ${recorded.algorithm}, which this version can not compare`, notes: [] };
  }
  const objects = compareObjects(recorded.objects ?? [], found.objects ?? []);
  const differences = [...listDifferences(recorded, found), ...objects.differences];
  const { notes } = objects;
  if (differences.length === 0) return { equal: true, detail: `as recorded: ${describe(recorded)}`, notes };
  const more = differences.length > SHOWN ? `; and ${differences.length - SHOWN} more` : '';
  return { equal: false, detail: differences.slice(0, SHOWN).join('; ') + more, notes };
}

/** Counts without SQLite's own tables, which nobody expects in the numbers. */
function describe({ tables }: Fingerprint): string {
  const own = tables.filter((table) => !table.name.startsWith('sqlite_'));
  const rows = own.reduce((sum, table) => sum + table.rows, 0);
  return `${own.length} ${own.length === 1 ? 'table' : 'tables'}, ${rows} ${rows === 1 ? 'row' : 'rows'}`;
}

function listDifferences(recorded: Fingerprint, found: Fingerprint): string[] {
  const rest = new Map(found.tables.map((table) => [table.name, table]));
  const differences: string[] = [];
  for (const table of recorded.tables) {
    const now = rest.get(table.name);
    rest.delete(table.name);
    if (now === undefined) differences.push(`table ${table.name} is missing`);
    else if (now.rows !== table.rows)
      differences.push(`table ${table.name} has ${now.rows} rows instead of ${table.rows}`);
    else if (now.checksum !== table.checksum) differences.push(`table ${table.name} has other contents`);
  }
  for (const name of rest.keys()) differences.push(`table ${name} was not there`);
  return differences;
}
