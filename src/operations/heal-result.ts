/** What healing one repository comes to. */
import type { HealReport, VerifyReport } from '../engines/engine.ts';
import type { SnapshotResult } from './snapshot-results.ts';

export interface HealResult {
  readonly dryRun: boolean;
  readonly before: VerifyReport;
  readonly healed: HealReport | undefined;
  readonly after: VerifyReport | undefined;
  /** Of the snapshots as they are now, with how much is known of each. */
  readonly results: readonly (SnapshotResult & { readonly depth: 'structure' | 'data' })[];
}

/** `healed from repository vault, source media`; '' when nothing was taken from anywhere. */
export function healedText(report: HealReport | undefined): string {
  const names = (report?.healed ?? []).map(({ from }) => from);
  return names.length === 0 ? '' : `healed from ${names.join(', ')}`;
}
