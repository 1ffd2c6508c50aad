/** What healing one repository comes to. */
import type { HealReport, Snapshot, VerifyReport } from '../engines/engine.ts';
import type { SnapshotResult } from './snapshot-results.ts';

export interface HealResult {
  readonly dryRun: boolean;
  readonly before: VerifyReport;
  readonly healed: HealReport | undefined;
  readonly after: VerifyReport | undefined;
  /** Snapshots in whose place is another one now, or would be. */
  readonly replaced: readonly Replaced[];
  /** Of those that are new: which repository they are in, and what they are. */
  readonly made: { readonly repositoryId: string; readonly snapshots: readonly Snapshot[] };
  /** Of the snapshots as they are now, with how much is known of each. */
  readonly results: readonly (SnapshotResult & { readonly depth: 'structure' | 'data' })[];
}

/** A snapshot that was bad. */
export interface Replaced {
  readonly snapshot: string;
  /** Id of the whole one: its own when it became whole again; '' in a dry run. */
  readonly by: string;
  /** Name of the repository that had it. */
  readonly from: string;
}

/** `healed from repository vault, source media`; '' when nothing was taken from anywhere. */
export function healedText(report: HealReport | undefined): string {
  const names = (report?.healed ?? []).map(({ from }) => from);
  return names.length === 0 ? '' : `healed from ${names.join(', ')}`;
}
