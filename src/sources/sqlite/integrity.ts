import type { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../base/errors.ts';
import { isDamage, resultCode } from './sqlite-error.ts';

export interface Integrity {
  /** What `PRAGMA integrity_check` found wrong, at most 100 lines; empty when all is well. */
  readonly findings: readonly string[];
  /** Why parts could not be checked: functions, collations or modules that only the application has. */
  readonly unchecked: string | undefined;
  /** Rows that break a foreign key: the application's business, so worth a note but no damage. */
  readonly foreignKeyViolations: number;
}

/** Checks the whole database: pages, b-trees, indexes against tables, constraints. Never throws for damage. */
export function checkIntegrity(database: DatabaseSync): Integrity {
  const { findings, unchecked } = runCheck(database, 'integrity_check');
  return { findings, unchecked, foreignKeyViolations: findings.length > 0 ? 0 : countViolations(database) };
}

interface Checked {
  readonly findings: readonly string[];
  readonly unchecked: string | undefined;
}

function runCheck(database: DatabaseSync, pragma: 'integrity_check' | 'quick_check'): Checked {
  try {
    const lines = database.prepare(`PRAGMA ${pragma}(100)`).all();
    const texts = lines.map((line) => String(line[pragma]).trim()).filter((line) => line !== 'ok');
    return { findings: texts, unchecked: undefined };
  } catch (error) {
    if (isDamage(error)) return { findings: [messageOf(error)], unchecked: undefined };
    if (resultCode(error) !== 1) throw error;
    const unchecked = messageOf(error);
    return pragma === 'quick_check' ? { findings: [], unchecked } : { ...runCheck(database, 'quick_check'), unchecked };
  }
}

/** Broken declarations of keys make the pragma itself fail; that is no damage either. */
function countViolations(database: DatabaseSync): number {
  try {
    return Number(database.prepare('SELECT count(*) AS violations FROM pragma_foreign_key_check').get()?.violations);
  } catch {
    return 0;
  }
}
