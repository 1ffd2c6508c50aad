/** The configuration as the rest of Surety sees it: parsed, complete and frozen. */
import { SuretyError } from '../base/errors.ts';
import { didYouMean, listed } from '../base/nearest.ts';
import type { HookSet } from '../rules/hook.ts';
import type { RetentionPolicy } from '../rules/policy.ts';
import type { CopiesRule } from '../rules/three-two-one.ts';
import type { CopyTarget } from './copies.ts';
import type { RepositoryLocation } from './copies-rule.ts';
import type { IMPORTANCES, ROLES } from './document.ts';
import type { ConfigProblem } from './explain.ts';
import type { HostConfig } from './hosts.ts';
import type { REPOSITORY_OPTIONS, SOURCE_OPTIONS } from './kinds.ts';
import type { MaintenanceConfig } from './maintenance.ts';
import type { NotificationsConfig } from './notifications.ts';
import type { RunOptions, VerifyAfter } from './run-options.ts';
import type { ScenarioConfig } from './scenarios.ts';
import type { StoreLocation } from './store-location.ts';
import type { StoreUse } from './store-use.ts';

export interface Config {
  /** Absolute path of the file. */
  readonly file: string;
  /** The folder it is in: relative paths in source options are relative to it. */
  readonly directory: string;
  /** Other than this machine. */
  readonly hosts: readonly HostConfig[];
  readonly sources: readonly SourceConfig[];
  readonly repositories: readonly RepositoryConfig[];
  readonly jobs: readonly JobConfig[];
  /** Undefined: nobody is told. */
  readonly notifications: NotificationsConfig | undefined;
  readonly maintenance: readonly MaintenanceConfig[];
  readonly scenarios: readonly ScenarioConfig[];
  /** Name of the place where the sources are. */
  readonly site: string | undefined;
  readonly warnings: readonly ConfigProblem[];
}

export type SourceKind = keyof typeof SOURCE_OPTIONS;
export type RepositoryKind = keyof typeof REPOSITORY_OPTIONS;

type PlainKind = Exclude<SourceKind, 'service'>;

/** A source; `kind` tells which options it has. */
export type SourceConfig = PlainSource | ServiceSource;

/** A source that is read by itself. */
export type PlainSource = { [Kind in PlainKind]: SourceOf<Kind> }[PlainKind];

/** A source that is read while what uses it is stopped. */
export interface ServiceSource extends Omit<SourceOf<'service'>, 'options'> {
  readonly options: SourceOf<'service'>['options'] & { readonly of: PlainSource };
}

/** The source that is read in the end: what its kind is, that is the kind of its snapshots. */
export function sourceInside(source: SourceConfig): PlainSource {
  return source.kind === 'service' ? source.options.of : source;
}

export interface SourceOf<Kind extends SourceKind> {
  readonly name: string;
  readonly kind: Kind;
  /** Name of a host; `local` is this machine. */
  readonly host: string;
  readonly importance: (typeof IMPORTANCES)[number];
  /** How much work may be lost at most. */
  readonly rpoMs: number | undefined;
  /** How long a restore may take at most. */
  readonly rtoMs: number | undefined;
  /** How long ago one of its backups may have been restored whole, or drilled; undefined: nobody said. */
  readonly proveEveryMs: number | undefined;
  /** Which copies of it there should be; undefined: nobody said. */
  readonly copies: CopiesRule | undefined;
  /** Names of sources that are read before this one. */
  readonly after: readonly string[];
  /** Undefined: by its kind. */
  readonly role: (typeof ROLES)[number] | undefined;
  readonly hooks: HookSet;
  readonly options: ReturnType<(typeof SOURCE_OPTIONS)[Kind]>;
}

/** A repository; `kind` tells which options it has. */
export type RepositoryConfig = { [Kind in RepositoryKind]: RepositoryOf<Kind> }[RepositoryKind];

export interface RepositoryOf<Kind extends RepositoryKind> {
  readonly name: string;
  readonly kind: Kind;
  readonly store: StoreLocation;
  /** The same with the credentials that may delete; undefined: there are no others. */
  readonly cleanupStore: StoreLocation | undefined;
  readonly use: StoreUse;
  /** What can not be seen of where it is. */
  readonly location: RepositoryLocation;
  readonly verifyAfter: VerifyAfter;
  readonly options: ReturnType<(typeof REPOSITORY_OPTIONS)[Kind]>;
}

export interface JobConfig extends RunOptions {
  readonly name: string;
  /** Names of sources, at least one. */
  readonly sources: readonly string[];
  /** Names of repositories, at least one. */
  readonly to: readonly string[];
  /** Where its snapshots are copied after each run. */
  readonly copyTo: readonly CopyTarget[];
  /** Five cron fields. */
  readonly schedule: string | undefined;
  /** Undefined: that of this machine. */
  readonly timeZone: string | undefined;
  /** Undefined: cleanup removes nothing. */
  readonly keep: RetentionPolicy | undefined;
  /** What stays in single repositories, in place of `keep`. */
  readonly keepIn: Readonly<Record<string, RetentionPolicy>>;
  /** Cleanup removes nothing of a source whose newest backup is older than this; undefined: it may be as old as it likes. */
  readonly newestWithinMs: number | undefined;
  readonly hooks: HookSet;
  /** Which endings are told; undefined: as `notifications` says. */
  readonly notifyOn: NotificationsConfig['on'] | undefined;
}

/** The source, repository or job of that name. Throws `config.unknown-name` with a suggestion. */
export function findNamed<Named extends { readonly name: string }>(
  all: readonly Named[],
  name: string,
  what: string,
): Named {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name);
  const known = names.length === 0 ? `the configuration has no ${what}` : `there are: ${listed(names, 'and')}`;
  throw new SuretyError('config.unknown-name', `there is no ${what} named ${name}`, {
    hint: didYouMean(name, names) ?? known,
  });
}
