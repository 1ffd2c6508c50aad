/**
 * What operations tell while they work. The catalog, the progress display, the log and notifications only listen;
 * a listener that throws never ends a run.
 */
import type { Clock } from '../base/clock.ts';
import type { BackupStats, Progress, PruneReport, RebuildReport, Snapshot, VerifyReport } from '../engines/engine.ts';
import type { SourceFacts, Warning, WriteReport } from '../sources/source.ts';
import type { HealResult } from './heal-result.ts';
import type { HookPlace, HookReport } from './hooks/hook-report.ts';
import type { SnapshotResult } from './snapshot-results.ts';
import type { VerifiedNew } from './verify-new.ts';

export type Verb = 'backup' | 'copy' | 'restore' | 'verify' | 'cleanup' | 'forget' | 'rebuild-index' | 'heal';

/** `warnings`: done, but something was left out or is worth a look. */
export type Outcome = 'ok' | 'warnings' | 'failed' | 'interrupted';

/** One piece of work of a run: one source into one repository, one repository verified, one snapshot restored. */
export interface Step {
  readonly repository: string;
  /** '' when the step is about the whole repository. */
  readonly source: string;
  /** '' when the step is not about one snapshot that exists already. */
  readonly snapshot: string;
}

export interface Run {
  readonly verb: Verb;
  /** Name of the job, '' when it was not run for one. */
  readonly job: string;
  /** Of a backup: the id its snapshots share; of any other run: an id of its own. */
  readonly id: string;
  readonly startedAt: Date;
}

export type StepResult =
  | {
      readonly verb: 'backup';
      readonly snapshot: Snapshot;
      readonly stats: BackupStats;
      readonly facts: SourceFacts | undefined;
      /** Which repository it is in, and where that is. */
      readonly into: { readonly id: string; readonly location: string };
      /** Undefined when the new snapshot was not re-read. */
      readonly verified: VerifiedNew | undefined;
    }
  | {
      readonly verb: 'copy';
      /** As it is in the repository that it was copied into. */
      readonly snapshot: Snapshot;
      /** Name of the repository that it was taken from, and its id there. */
      readonly from: string;
      readonly original: string;
      /** True when it turned out to be there. */
      readonly already: boolean;
      readonly storedBytes: number;
      /** Bytes that were read back while it was copied; undefined where it was verified after that, or not at all. */
      readonly rereadBytes: number | undefined;
      /** True when it was taken over without being unpacked. */
      readonly asStored: boolean;
      readonly into: { readonly id: string; readonly location: string };
      /** Undefined when it was not re-read. */
      readonly verified: VerifiedNew | undefined;
    }
  | {
      readonly verb: 'restore';
      readonly snapshot: Snapshot;
      readonly target: string;
      readonly dryRun: boolean;
      /** True when nothing of the snapshot was left out. */
      readonly whole: boolean;
      readonly report: WriteReport;
    }
  | {
      readonly verb: 'verify';
      readonly depth: 'structure' | 'data';
      /** False when only a part of the data was read. */
      readonly whole: boolean;
      readonly report: VerifyReport;
      readonly results: readonly SnapshotResult[];
    }
  | {
      readonly verb: 'cleanup' | 'forget';
      readonly removed: readonly string[];
      readonly prune: PruneReport | undefined;
    }
  | ({ readonly verb: 'heal' } & HealResult)
  | { readonly verb: 'rebuild-index'; readonly report: RebuildReport };

export type OperationEvent =
  | { readonly type: 'run.started'; readonly run: Run; readonly steps: number }
  | { readonly type: 'step.started'; readonly run: Run; readonly step: Step; readonly at: Date }
  | { readonly type: 'step.progress'; readonly run: Run; readonly step: Step; readonly progress: Progress }
  | { readonly type: 'step.warning'; readonly run: Run; readonly step: Step; readonly warning: Warning }
  | { readonly type: 'hook.started'; readonly run: Run; readonly hook: HookPlace }
  | { readonly type: 'hook.finished'; readonly run: Run; readonly at: Date; readonly hook: HookReport }
  /** These snapshots are about to be removed: from now on they may be gone. */
  | { readonly type: 'snapshots.forgetting'; readonly run: Run; readonly step: Step; readonly ids: readonly string[] }
  | {
      readonly type: 'step.finished';
      readonly run: Run;
      readonly step: Step;
      readonly at: Date;
      readonly durationMs: number;
      readonly outcome: Outcome;
      readonly warnings: number;
      readonly result: StepResult | undefined;
      readonly error: Error | undefined;
    }
  | { readonly type: 'run.finished'; readonly run: Run; readonly at: Date; readonly outcome: Outcome };

export type Listen = (event: OperationEvent) => void;

/** What every operation is called with besides its request. */
export interface OperationHow {
  readonly signal: AbortSignal;
  readonly listen: Listen;
  readonly clock: Clock;
}

/** One listener that tells several. What a listener throws goes to `report` and stops nobody. */
export function listenAll(listeners: readonly Listen[], report: (error: unknown) => void): Listen {
  return (event) => {
    for (const listen of listeners) {
      try {
        listen(event);
      } catch (error) {
        report(error);
      }
    }
  };
}

/** The outcome of a run from those of its steps: the worst one. */
export function worstOutcome(outcomes: readonly Outcome[]): Outcome {
  const order: readonly Outcome[] = ['interrupted', 'failed', 'warnings'];
  return order.find((outcome) => outcomes.includes(outcome)) ?? 'ok';
}
