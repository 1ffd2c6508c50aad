/** All that a configuration names, as operations get it. */
import type { Clock } from '../base/clock.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { JobConfig } from '../config/config.ts';
import type { Place } from '../config/places.ts';
import type { RunOptions } from '../config/run-options.ts';
import type { Snapshot } from '../engines/engine.ts';
import type { AuditLog } from '../operations/audit/audit-log.ts';
import type { BackupTarget } from '../operations/backup/member.ts';
import type { BackupSource } from '../operations/backup.ts';
import type { CheckedSource, PlaceProbe } from '../operations/check.ts';
import type { HostToCheck } from '../operations/check-host/host-to-check.ts';
import type { StoreToCheck } from '../operations/check-store/store-to-check.ts';
import type { RepositoryHandle, SourceHandle } from '../operations/handles.ts';
import type { LeftHooks, PendingHooks } from '../operations/hooks/pending-hooks.ts';
import type { Hooked, HookGround } from '../operations/hooks.ts';
import type { NewRepository } from '../operations/init.ts';
import type { Memory } from '../operations/memory.ts';
import type { CopiesSource, WhereaboutsOf } from '../operations/proven-copies.ts';
import type { SafetyDump } from '../operations/restore/list-old.ts';
import type { RestoreJournal } from '../operations/restore/restore-journal.ts';
import type { SpaceAt } from '../operations/restore/space.ts';
import type { StatusScenario } from '../operations/status/status-scenario.ts';
import type { StatusSource } from '../operations/status/status-source.ts';
import type { MeasureUsage } from '../operations/status/usage.ts';
import type { Scheduled } from '../rules/scheduled.ts';
import type { Notifying } from './compose-notify.ts';
import type { LeftService } from './compose-service.ts';

export interface ComposeHow {
  /** The file named on the command line, if any. */
  readonly configFile: string | undefined;
  readonly clock: Clock;
  /** Gets sentences that a person should read but that stop nothing. */
  readonly warn: (message: string) => void;
  /** False: nothing of the repositories is kept on this machine for the next time. Default: as they are configured. */
  readonly cache?: boolean;
  /** Somebody waits: a store that does not answer is told of within seconds, not asked again for half a minute. */
  readonly impatient?: boolean;
}

/** Where a snapshot is written to. `folder`: below a folder; what goes into a server otherwise is a file there. `file`: as that file. */
export interface WriterHow {
  readonly to: 'original' | 'folder' | 'file';
  /** Name of the configured source whose place is taken; default: that of the snapshot. */
  readonly into?: string | undefined;
}

/** A job by the names of what it has. */
export type Job = Pick<
  JobConfig,
  'name' | 'sources' | 'to' | 'copyTo' | 'timeZone' | 'keep' | 'keepIn' | 'newestWithinMs' | 'hooks' | keyof RunOptions
>;

/** Everything that a configuration names, as ports. Closing it closes all that was opened. */
export interface Platform extends AsyncDisposable, Notifying {
  /** Absolute path of the configuration file. */
  readonly file: string;
  readonly directory: string;
  /** What is odd in the configuration, a line each. */
  readonly configWarnings: readonly string[];
  readonly jobs: readonly Job[];
  /** What is to be done again and again. */
  readonly scheduled: readonly Scheduled[];
  /** Paths of this machine that runs need. */
  readonly places: readonly Place[];
  /** Database sources whose server is on this very machine. */
  readonly localServers: readonly string[];
  /** Names that snapshots of this machine and of the hosts of the configuration have. */
  readonly ownHosts: ReadonlySet<string>;
  readonly sourceNames: readonly string[];
  readonly repositoryNames: readonly string[];
  /** These methods throw `config.unknown-name` with a suggestion. */
  job(name: string): Job;
  sources(names?: readonly string[]): (BackupSource & CheckedSource)[];
  /** How well sources are to be protected. */
  goals(names?: readonly string[]): readonly StatusSource[];
  /** What can happen, and what has to come back then. */
  readonly scenarios: readonly StatusScenario[];
  /** Whether it is said of any source which copies there should be. */
  readonly hasCopiesRule: boolean;
  /** Which copies of sources there should be, and where the originals are. */
  copyGoals(names?: readonly string[]): Promise<Omit<CopiesSource, 'repositories' | 'latestOnly'>[]>;
  /** Where repositories are, by their names. */
  whereabouts(how: { readonly signal: AbortSignal }): Promise<ReadonlyMap<string, WhereaboutsOf>>;
  /** `remove`: opened with the credentials that may delete, where there are others. */
  repositories(
    names?: readonly string[],
    purpose?: 'remove',
  ): (RepositoryHandle & BackupTarget & { readonly probe: PlaceProbe; readonly usage: MeasureUsage })[];
  newRepository(name: string): NewRepository;
  /** What the way to a repository is limited to at this moment, for people; undefined: nothing, or no such repository. */
  readonly limitOf: (repository: string) => string | undefined;
  /** Hosts by their names; default: all of the configuration, or this machine where there is no other. */
  hosts(names?: readonly string[]): HostToCheck[];
  /** The store under a repository. */
  storeToCheck(name: string): Promise<StoreToCheck>;
  /** Keeps a snapshot from being removed on this machine, until disposed of. */
  hold(repository: string, snapshot: string): Disposable;
  /** The repository that an absolute path is inside of, where nothing but its own files may be. */
  repositoryAt(path: string): string | undefined;
  /** What writes a snapshot back: the configured source, or for one that is gone or of another kind a plain writer. */
  writer(snapshot: Snapshot, kind: string | undefined, how: WriterHow): SourceHandle;
  /** What marks the original place of the snapshot, or undefined when its source is not configured and it thus is not known. */
  placeOf(snapshot: Snapshot, kind: string | undefined, into?: string): string | undefined;
  /** Who had what done. */
  readonly auditLog: AuditLog;
  /** Restores that can be continued. */
  restoreJournal(): RestoreJournal;
  /** Files on this machine with what was in a database before a restore in place, oldest first. */
  safetyDumps(): readonly SafetyDump[];
  /** Ids of the snapshots of a repository that this machine is restoring from, or will go on to. */
  restoring(repository: string): ReadonlySet<string>;
  spaceAt: SpaceAt;
  /** Undefined when it can not be opened; a person was told so. */
  catalog(): Promise<Catalog | undefined>;
  /** The same, for operations that compare it with the repositories. */
  memory(): Promise<Memory | undefined>;
  /** The hooks of a job itself, which run on this machine. */
  hooked(job: Job): Hooked | undefined;
  /** `after` hooks of runs that were killed, and where those of a run are remembered. */
  readonly pendingHooks: PendingHooks & { left(): Iterable<LeftHooks> };
  /** Where the hooks of a host of the configuration run. */
  hookGround(host: string): HookGround;
  /** Starts the services that killed runs left stopped. */
  startLeftServices(): Promise<readonly LeftService[]>;
  /** Held until disposed of. Throws `run.busy` when another process holds it. */
  lock(name: string): Disposable;
}
