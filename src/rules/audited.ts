/** Which commands leave a record in the audit log, and which do nothing without one. */

/** `none`: only looks. `go-on`: told, but done, where the log can not be written. `stop`: not done without a record. */
export type AuditPolicy = 'none' | 'go-on' | 'stop';

/** They change nothing and give no backed-up data out. */
const LOOKING: ReadonlySet<string> = new Set([
  'list',
  'show',
  'check',
  'status',
  'audit',
  'config check',
  'config schema',
  'keys list',
  'schedule',
  'notify test',
  'copies',
]);

/** They remove nothing that is good from a repository, and not doing them could cost more than a missing line: a disk that is full is when a restore is needed. */
const MORE_THAN_A_RECORD: ReadonlySet<string> = new Set([
  ...['init', 'backup', 'verify', 'restore', 'copy', 'pin', 'drill', 'check --repair'],
]);

/** Of a command by its words, such as `keys add`. What nothing is known of is recorded, and not done without. */
export function auditPolicyOf(command: string): AuditPolicy {
  if (LOOKING.has(command)) return 'none';
  return MORE_THAN_A_RECORD.has(command) ? 'go-on' : 'stop';
}
