/** From the checked document to the frozen configuration: defaults are filled in, times and places resolved. */
import { writtenStore } from './borg-place.ts';
import { storeForCleanup } from './cleanup-with.ts';
import { type Config, type JobConfig, type RepositoryConfig, type SourceConfig, sourceInside } from './config.ts';
import { copyPolicies, copyTargets } from './copies.ts';
import { copiesRule, type RawCopies, repositoryLocation } from './copies-rule.ts';
import type { ConfigDocument } from './document.ts';
import { hooksOf } from './hooks.ts';
import { type HostConfig, hostsIn } from './hosts.ts';
import { newestWithin, ownPolicies, retentionPolicy, targetName } from './keep.ts';
import { REPOSITORY_OPTIONS, SOURCE_OPTIONS } from './kinds.ts';
import { maintenanceOf } from './maintenance.ts';
import { notificationsOf } from './notifications.ts';
import { expandHome } from './paths.ts';
import { LOCAL_HOST } from './references.ts';
import { runOptionsOf, verifyAfterOf } from './run-options.ts';
import { scenariosOf } from './scenarios.ts';
import { resolveSecretPath } from './secrets.ts';
import { storeLocation } from './store-location.ts';
import { storeUseOf } from './store-use.ts';

type Origin = Pick<Config, 'file' | 'directory' | 'warnings'>;
type RawSource = NonNullable<ConfigDocument['sources']>[string];
type RawRepository = ConfigDocument['repositories'][string];
type RawJob = NonNullable<ConfigDocument['jobs']>[string];

/** Name of the job that is made where the file has none: all sources to all repositories. */
const IMPLICIT_JOB = 'all';

/** The configuration of a document that has no errors. */
export function build(document: ConfigDocument, origin: Origin): Config {
  const sources = Object.entries(document.sources ?? {}).map(([name, raw]) => buildSource(name, raw, document.copies));
  const hosts = hostsIn(document.hosts, origin.directory);
  const repositories = Object.entries(document.repositories).map(([name, raw]) =>
    buildRepository(name, raw, { directory: origin.directory, hosts }),
  );
  const all = { sources: sources.map(({ name }) => name), to: repositories.map(({ name }) => name) };
  const jobs = Object.entries(document.jobs ?? {}).map(([name, raw]) => buildJob(name, raw, all));
  if (document.jobs === undefined && sources.length > 0) {
    jobs.push(buildJob(IMPLICIT_JOB, { sources: 'all', to: 'all' }, all));
  }
  const notifications = notificationsOf(document.notifications, origin.directory);
  return deepFreeze({
    notifications,
    ...origin,
    hosts,
    sources,
    repositories,
    jobs,
    maintenance: maintenanceOf(document.maintenance),
    scenarios: scenariosOf(document.scenarios, all.sources),
    site: document.copies?.site,
  });
}

function buildSource(name: string, raw: RawSource, copies: RawCopies): SourceConfig {
  const attributes = {
    name,
    host: raw.host ?? LOCAL_HOST,
    importance: raw.importance ?? 'should',
    rpoMs: raw.rpo,
    rtoMs: raw.rto,
    proveEveryMs: raw.prove_every,
    copies: copiesRule(copies, raw.copies, raw.importance ?? 'should'),
    after: raw.after ?? [],
    role: raw.role,
    hooks: hooksOf(raw.hooks),
  };
  switch (raw.type) {
    case 'files':
      return {
        ...attributes,
        kind: 'files',
        options: SOURCE_OPTIONS.files({ ...raw, paths: raw.paths.map((path) => pathOn(attributes.host, path)) }),
      };
    case 'sqlite':
      return {
        ...attributes,
        kind: 'sqlite',
        options: SOURCE_OPTIONS.sqlite({ ...raw, path: pathOn(attributes.host, raw.path) }),
      };
    case 'postgres':
      return { ...attributes, kind: 'postgres', options: SOURCE_OPTIONS.postgres(raw) };
    case 'mysql':
      return { ...attributes, kind: 'mysql', options: SOURCE_OPTIONS.mysql(raw) };
    case 'command':
      return { ...attributes, kind: 'command', options: SOURCE_OPTIONS.command(raw) };
    case 'dump-files': {
      const options = SOURCE_OPTIONS['dump-files']({ ...raw, path: pathOn(attributes.host, raw.path) });
      return { ...attributes, kind: 'dump-files', options };
    }
    case 'service': {
      const of = sourceInside(buildSource(name, { ...raw.of, host: raw.host }, undefined));
      return { ...attributes, kind: 'service', options: { ...SOURCE_OPTIONS.service(raw), of } };
    }
  }
}

/** The home folder of another host is known there. */
function pathOn(host: string, path: string): string {
  return host === LOCAL_HOST ? expandHome(path) : path;
}

function buildRepository(name: string, raw: RawRepository, { directory, hosts }: Places): RepositoryConfig {
  const store = storeLocation(writtenStore(raw), directory, hosts);
  const attributes = {
    name,
    store,
    cleanupStore: storeForCleanup(store, raw.cleanup_with, directory),
    use: storeUseOf(raw, directory),
    location: repositoryLocation(raw.location),
    verifyAfter: verifyAfterOf(raw.verify_after),
  };
  switch (raw.type) {
    case 'restic': {
      const options = REPOSITORY_OPTIONS.restic(raw);
      const password = resolveSecretPath(options.password, directory);
      return { ...attributes, kind: 'restic', options: { ...options, password } };
    }
    case 'borg': {
      const options = REPOSITORY_OPTIONS.borg(raw);
      const password = options.password && resolveSecretPath(options.password, directory);
      return { ...attributes, kind: 'borg', options: { ...options, password } };
    }
    case 'mirror':
      return { ...attributes, kind: 'mirror', options: REPOSITORY_OPTIONS.mirror(raw) };
    case 'archive': {
      const options = REPOSITORY_OPTIONS.archive(raw);
      const identity = options.identity === undefined ? undefined : resolveSecretPath(options.identity, directory);
      return { ...attributes, kind: 'archive', options: { ...options, identity } };
    }
  }
}

interface Places {
  readonly directory: string;
  readonly hosts: readonly HostConfig[];
}

interface AllNames {
  readonly sources: readonly string[];
  readonly to: readonly string[];
}

function buildJob(name: string, raw: RawJob, all: AllNames): JobConfig {
  const copyTo = copyTargets(raw.copy_to);
  const isCopy = (repository: string) => copyTo.some((target) => target.repository === repository);
  return {
    name,
    sources: raw.sources === 'all' ? all.sources : raw.sources,
    // What gets copies is not backed up to as well.
    to: raw.to === 'all' ? all.to.filter((one) => !isCopy(one)) : raw.to.map((target) => String(targetName(target))),
    copyTo,
    schedule: raw.schedule,
    timeZone: raw.time_zone,
    keep: raw.keep === undefined ? undefined : retentionPolicy(raw.keep),
    keepIn: { ...(raw.to === 'all' ? {} : ownPolicies(raw.to)), ...copyPolicies(raw.copy_to) },
    newestWithinMs: newestWithin(raw.guard, raw.schedule),
    hooks: hooksOf(raw.hooks),
    notifyOn: raw.notify_on,
    ...runOptionsOf(raw),
  };
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
