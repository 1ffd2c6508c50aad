/**
 * The port of Surety's memory: what ran, what exists, what was verified, drilled and restored. It is a listener's
 * notebook, not the truth: the repositories are. Losing it loses history and no backup; {@link Catalog.replaceSnapshots}
 * writes the part about snapshots anew from what a repository lists.
 *
 * What an adapter guarantees:
 * - Each call is one transaction: durable when its promise resolves, or without any effect. Calls take effect in the
 *   order they were made, so a listener need not wait for one before it makes the next.
 * - Several processes may use the same catalog at once. A call waits a bounded time for another process, then fails.
 * - Recording the same thing twice (same run, same member, same snapshot) leaves one record: the later one.
 * - Long lists and texts are cut ({@link LISTED_MAX}, {@link TEXT_MAX}); the counts beside them stay exact.
 * - A damaged catalog never stops a backup: opening one moves it aside, begins a new one and says so in `notices`.
 *
 * Calls take no abort signal: they are short, and the end of an interrupted run must still be written.
 *
 * What it stores never contains secrets, because callers never have any to give: errors are the code and message of a
 * `SuretyError`.
 *
 * Error codes: `catalog.busy` (retry later), `catalog.damaged`, `catalog.newer` (written by a later version of Surety),
 * `catalog.denied`, `catalog.full`, `catalog.unknown-run`, `catalog.failed`.
 */
export interface Catalog extends AsyncDisposable {
  readonly traits: CatalogTraits;
  /** What a person should know about the opening, such as a damaged file that was moved aside. */
  readonly notices: readonly string[];

  /** A run begins. */
  beginRun(run: RunStart): Promise<void>;
  /** The run's end. Throws `catalog.unknown-run` when it never began. */
  endRun(id: string, end: RunEnd): Promise<void>;
  /** One source into one repository, finished. Adds its snapshot to the snapshots when it has one. */
  recordMember(runId: string, member: MemberRecord): Promise<void>;
  /** A command before or after the run or one of its sources. */
  recordHook(runId: string, hook: HookRecord): Promise<void>;
  recordVerification(runId: string, verification: VerificationRecord): Promise<void>;
  /** What a verification found of single snapshots; of each and each depth the last is kept. */
  recordVerdicts(verdicts: readonly Verdict[]): Promise<void>;
  recordDrill(runId: string, drill: DrillRecord): Promise<void>;
  recordRestore(runId: string, restore: RestoreRecord): Promise<void>;

  /** Makes the snapshots known of `repository` exactly these, in one transaction. */
  replaceSnapshots(repository: string, snapshots: readonly SnapshotRecord[]): Promise<void>;
  /** Adds snapshots to those known of `repository`; one that is known already is replaced. */
  addSnapshots(repository: string, snapshots: readonly SnapshotRecord[]): Promise<void>;
  /** Forgets snapshots that are going to be removed, but not what was found of them; unknown ids are fine. */
  removeSnapshots(repository: string, ids: readonly string[]): Promise<void>;
  /** Forgets what was found of snapshots that are gone; unknown ids are fine. */
  removeVerdicts(repository: string, ids: readonly string[]): Promise<void>;
  /** What is at a place from now on counts as the repository with this name. */
  rememberRepository(seen: RepositorySeen): Promise<void>;
  /** What was last remembered of the place, or undefined. */
  repository(name: string, location: string): Promise<RepositorySeen | undefined>;

  /** Runs with their members, newest first. */
  history(query: HistoryQuery): Promise<readonly RunRecord[]>;
  /** One run, or undefined. */
  run(id: string): Promise<RunRecord | undefined>;
  /** The newest member with a snapshot that did not fail, or undefined. */
  lastSuccess(source: string, repository: string): Promise<Success | undefined>;
  /** The same for every source and repository that ever succeeded, ordered by their names. */
  lastSuccesses(): Promise<readonly Success[]>;
  /** Snapshots, oldest first. */
  snapshots(query: SnapshotQuery): Promise<readonly SnapshotRecord[]>;
  /** Snapshots of the same source, host and paths in one repository, counted; ordered by repository and source. */
  series(query: SnapshotQuery): Promise<readonly Series[]>;
  /** Newest first. */
  verifications(query: ChecksQuery): Promise<readonly (VerificationRecord & { readonly runId: string })[]>;
  verdicts(query: Pick<SnapshotQuery, 'repository'>): Promise<readonly Verdict[]>;
  drills(query: ChecksQuery): Promise<readonly (DrillRecord & { readonly runId: string })[]>;
  restores(query: ChecksQuery): Promise<readonly (RestoreRecord & { readonly runId: string })[]>;
}

/** How many warnings, problems or checks of one record are kept. */
export const LISTED_MAX = 100;
/** How many characters of one text are kept. */
export const TEXT_MAX = 2000;

export interface CatalogTraits {
  /** `sqlite`. */
  readonly kind: string;
  /** For people, without secrets. */
  readonly location: string;
}

export type Outcome = 'ok' | 'warnings' | 'failed' | 'interrupted';

export interface RunStart {
  /** Of a backup: its recovery point's id. */
  readonly id: string;
  /** `backup`, `restore`, `verify`, … */
  readonly verb: string;
  /** '' when it was not run for a job. */
  readonly job: string;
  readonly startedAt: Date;
}

export interface RunEnd {
  readonly endedAt: Date;
  readonly outcome: Outcome;
  readonly exitCode: number;
}

export interface RunRecord extends RunStart {
  /** Undefined while it runs. Of a run whose process died: undefined, with the outcome `interrupted`. */
  readonly endedAt: Date | undefined;
  readonly outcome: Outcome | undefined;
  readonly exitCode: number | undefined;
  readonly members: readonly MemberRecord[];
  /** In the order they ended. */
  readonly hooks: readonly HookRecord[];
}

export interface HookRecord {
  /** '' for a hook of the job itself. */
  readonly source: string;
  readonly phase: 'before' | 'after';
  /** From 1, in the order of the configuration. */
  readonly number: number;
  /** Its program where that is known, else ''. */
  readonly program: string;
  readonly outcome: Outcome;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly error: RecordedError | undefined;
}

export interface MemberRecord {
  readonly source: string;
  readonly repository: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly outcome: Outcome;
  /** What was stored, when something was. */
  readonly snapshot: SnapshotRecord | undefined;
  /** Numbers the engine counted: `filesNew`, `addedBytes`, … */
  readonly stats: Readonly<Record<string, number>>;
  readonly warningCount: number;
  readonly warnings: readonly RecordedWarning[];
  readonly error: RecordedError | undefined;
}

export interface RecordedWarning {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

export interface RecordedError {
  readonly code: string;
  readonly message: string;
}

export interface RepositorySeen {
  readonly name: string;
  readonly location: string;
  /** The engine's own id of it. */
  readonly id: string;
  readonly seenAt: Date;
}

export interface SnapshotRecord {
  readonly repository: string;
  /** The id of that repository itself: another one may get its name. '' when not known. */
  readonly repositoryId: string;
  readonly id: string;
  readonly source: string;
  readonly host: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly time: Date;
  /** '' when Surety did not write it. */
  readonly recoveryPoint: string;
  /** Bytes of all its files; undefined when not known. */
  readonly sizeBytes: number | undefined;
}

export interface VerificationRecord {
  readonly repository: string;
  readonly depth: 'structure' | 'data';
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly outcome: Outcome;
  readonly snapshots: number;
  readonly readBytes: number;
  readonly problemCount: number;
  readonly problems: readonly string[];
  readonly error: RecordedError | undefined;
}

/** What the last verification of one depth found of one snapshot. */
export interface Verdict {
  readonly repository: string;
  readonly snapshot: string;
  readonly depth: 'structure' | 'data';
  readonly at: Date;
  readonly ok: boolean;
  /** What is wrong; of one that is ok what was done to make it good, mostly ''. */
  readonly message: string;
}

export interface DrillRecord {
  readonly source: string;
  readonly repository: string;
  readonly snapshot: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly outcome: Outcome;
  readonly sizeBytes: number;
  readonly checks: readonly RecordedCheck[];
  readonly error: RecordedError | undefined;
}

export interface RecordedCheck {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface RestoreRecord extends DrillRecord {
  /** Where it was restored to, for people. */
  readonly target: string;
  readonly files: number;
  readonly failedCount: number;
}

export interface Success {
  readonly source: string;
  readonly repository: string;
  readonly runId: string;
  readonly snapshot: string;
  readonly endedAt: Date;
  readonly outcome: 'ok' | 'warnings';
}

export interface Series {
  readonly repository: string;
  readonly source: string;
  readonly host: string;
  readonly paths: readonly string[];
  readonly count: number;
  readonly oldest: Date;
  readonly newest: Date;
  readonly newestId: string;
}

export interface HistoryQuery {
  readonly limit: number;
  readonly verb?: string | undefined;
  readonly job?: string | undefined;
  /** Only runs that have a member with this source. */
  readonly source?: string | undefined;
  /** Only runs that started before. */
  readonly before?: Date | undefined;
}

export interface SnapshotQuery {
  readonly repository?: string | undefined;
  readonly source?: string | undefined;
}

export interface ChecksQuery extends SnapshotQuery {
  readonly limit: number;
}
