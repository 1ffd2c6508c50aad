/** Opens what a configuration names, each thing when it is first needed. The only place that knows both. */
import type { Clock } from '../base/clock.ts';
import { hostName, systemTimeZone } from '../base/environment.ts';
import { type Config, findNamed, type PlainSource, type RepositoryConfig, sourceInside } from '../config/config.ts';
import { inFileOrder, renderProblem } from '../config/explain.ts';
import { type ConfigCheck, checkConfig, parseConfig, placedIn } from '../config/parse.ts';
import { localServers, placesOf } from '../config/places.ts';
import { readConfig } from '../config/read.ts';
import { LOCAL_HOST } from '../config/references.ts';
import { scheduledOf } from '../config/scheduled.ts';
import { shownLocation } from '../config/store-location.ts';
import { shownRates } from '../config/store-use.ts';
import { lookAtHosts } from '../operations/check-host/look-at-hosts.ts';
import type { NewRepository } from '../operations/init.ts';
import { ratesAt } from '../rules/rate-windows.ts';
import { createEngine, expectPassword } from './compose-engine.ts';
import { hookedOf, hookGround } from './compose-hooks.ts';
import { hostsOf, hostsToCheck, isHere } from './compose-host.ts';
import { notifying } from './compose-notify.ts';
import { repositoriesOf } from './compose-repositories.ts';
import { startLeftServices } from './compose-service.ts';
import { openOnce, openSource } from './compose-source.ts';
import { openState } from './compose-state.ts';
import { probeStore, storeHolds, storeToCheck } from './compose-store.ts';
import { usageOf } from './compose-usage.ts';
import { whereaboutsIn } from './compose-whereabouts.ts';
import { writersOf } from './compose-writer.ts';
import { spaceAt } from './free-space.ts';
import type { ComposeHow, Platform } from './platform.ts';
import { probeBorg } from './probe-borg.ts';
import { isScaledUp } from './scaled-up.ts';

export { renderProblem as problemLine } from '../config/explain.ts';
export { CONFIG_NAME } from '../config/read.ts';
export { configJsonSchema } from '../config/schema.ts';
export type { Job, Platform } from './platform.ts';

/** Reads and parses the configuration; opens nothing yet. Throws `config.missing`, `config.invalid`, … */
export async function compose(how: ComposeHow): Promise<Platform> {
  const config = parseConfig(await readConfig(how.configFile));
  return createPlatform(config, how);
}

/** How hosts are looked at when a configuration is inspected. */
export interface LookAtHostsHow {
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** A host that takes longer is told to be one that can not be reached. */
const LOOK_TIMEOUT_MS = 10_000;

/**
 * All errors and warnings of the configuration; with `hosts`, those that can not be reached, or at which another one answers than before, are
 * among the warnings. Throws only when there is no file to read.
 */
export async function inspectConfig(
  configFile: string | undefined,
  hosts?: LookAtHostsHow,
): Promise<ConfigCheck & { readonly file: string }> {
  const raw = await readConfig(configFile);
  const checked = checkConfig(raw);
  if (hosts === undefined || checked.config === undefined || checked.config.hosts.length === 0) {
    return { ...checked, file: raw.file };
  }
  await using platform = createPlatform(checked.config, { configFile, clock: hosts.clock, warn: () => undefined });
  const doubts = await lookAtHosts(platform.hosts(), { ...hosts, timeoutMs: LOOK_TIMEOUT_MS });
  const findings = doubts.map(({ host, message, hint }) => {
    return { path: ['hosts', host], at: 'key' as const, message, suggestion: hint };
  });
  const warnings = [...checked.warnings, ...placedIn(raw, findings)].sort(inFileOrder);
  return { ...checked, warnings, file: raw.file };
}

/** Kinds of repositories that take several backups at once; in any other they would get in each other's way. */
const CONCURRENT: ReadonlySet<string> = new Set(['restic', 'archive']);

function createPlatform(config: Config, how: ComposeHow): Platform {
  const opened = new AsyncDisposableStack();
  const once = sayOnce(how.warn);
  const state = openState(config.file, { clock: how.clock, warn: once, opened });
  const { hostIdentities: identities, ...remembered } = state;
  const hosts = hostsOf(config, { opened, identities, clock: how.clock, warn: once });
  const ownHosts = new Set([hostName(), ...config.hosts.map(({ name }) => name)]);
  const ground = { hosts, directory: config.directory };
  const { impatient } = how;
  const engineHow = { directory: config.directory, warn: once, cache: how.cache ?? true, impatient };
  const repositories = repositoriesOf({ ...engineHow, opened, hold: state.hold });
  const probeOf = (repository: RepositoryConfig) => {
    const probe = probeStore(repository.store, {
      directory: config.directory,
      warn: once,
      use: repository.use,
      impatient,
    });
    if (repository.kind !== 'borg') return probe;
    return probeBorg((how) => repositories.open(repository, how), probe, repository.store.kind === 'file');
  };
  const headOf = ({ name, kind, store }: RepositoryConfig) => ({ name, kind, location: shownLocation(store) });
  return {
    file: config.file,
    directory: config.directory,
    configWarnings: config.warnings.map(renderProblem),
    jobs: config.jobs,
    scheduled: scheduledOf(config),
    places: placesOf(config),
    localServers: localServers(config),
    goals: (names) =>
      chosen(config.sources, names, 'source').map((source) => {
        const { name, importance, rpoMs, rtoMs, proveEveryMs } = source;
        return { name, kind: sourceInside(source).kind, importance, rpoMs, rtoMs, proveEveryMs };
      }),
    scenarios: config.scenarios,
    hasCopiesRule: config.sources.some(({ copies }) => copies !== undefined),
    copyGoals: (names) => whereaboutsIn(config).copyGoals(chosen(config.sources, names, 'source')),
    whereabouts: whereaboutsIn(config).whereabouts,
    ownHosts,
    sourceNames: config.sources.map(({ name }) => name),
    repositoryNames: config.repositories.map(({ name }) => name),
    job: (name) => findNamed(config.jobs, name, 'job'),
    sources: (names) =>
      chosen(config.sources, names, 'source').map((source) => ({
        name: source.name,
        kind: sourceInside(source).kind,
        open: openOnce((signal) => openSource(source, config, { signal, warn: once, hosts }), opened),
        host: isHere(source.host) ? hostName() : source.host,
        after: source.after,
        role: source.role,
        isScaledUp: isScaledUp(config, source.name),
        reachHost: async (asked) => {
          if (!isHere(source.host)) await (await hosts.reach(source.host)).identity?.(asked);
        },
        hooked: hookedOf(source.hooks, source.host, ground),
        excludes: excludesOf(sourceInside(source)),
      })),
    repositories: (names, purpose) =>
      chosen(config.repositories, names, 'repository').map((repository) => ({
        ...headOf(repository),
        oneAtATime: !CONCURRENT.has(repository.kind),
        verifyAfter: repository.verifyAfter,
        open: (opening) => repositories.open(repository, opening, purpose),
        probe: probeOf(repository),
        usage: usageOf(repository.store, { directory: config.directory, warn: once, clock: how.clock, impatient }),
      })),
    newRepository(name) {
      const repository = findNamed(config.repositories, name, 'repository');
      const create: NewRepository['create'] = async ({ signal, like }) =>
        opened.use(await createEngine(repository, { ...engineHow, signal, like }));
      return {
        ...headOf(repository),
        expectPassword: ({ signal }) => expectPassword(repository, { ...engineHow, signal }),
        create,
        open: ({ signal }) => repositories.open(repository, { signal }),
      };
    },
    limitOf: (name) => {
      const limit = config.repositories.find((one) => one.name === name)?.use.limit ?? [];
      return limit.length === 0 ? undefined : shownRates(ratesAt(limit, how.clock.now(), systemTimeZone()));
    },
    hosts: (names) => hostsToCheck(config, { ways: hosts, identities }, names),
    storeToCheck: async (name) =>
      await storeToCheck(findNamed(config.repositories, name, 'repository'), {
        directory: config.directory,
        warn: once,
      }),
    repositoryAt: (path) => config.repositories.find(({ store }) => storeHolds(store, path))?.name,
    ...writersOf(config, { opened, warn: once, hosts }),
    ...remembered,
    spaceAt,
    async memory() {
      const known = await state.catalog();
      return known === undefined ? undefined : { catalog: known, hosts: ownHosts };
    },
    hooked: ({ hooks }) => hookedOf(hooks, LOCAL_HOST, ground),
    hookGround: (host) => hookGround(host, ground),
    ...notifying(config, { clock: how.clock, warn: once, catalog: state.catalog }),
    startLeftServices: () => startLeftServices(config, hosts),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function excludesOf(source: PlainSource): readonly string[] {
  return source.kind === 'files' ? source.options.exclude : [];
}

function chosen<Named extends { readonly name: string }>(
  all: readonly Named[],
  names: readonly string[] | undefined,
  what: string,
): readonly Named[] {
  return names === undefined ? all : [...new Set(names)].map((name) => findNamed(all, name, what));
}

function sayOnce(warn: (message: string) => void): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (!said.has(message)) warn(message);
    said.add(message);
  };
}
