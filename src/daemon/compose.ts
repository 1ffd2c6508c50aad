/** Opens what a configuration names, each thing when it is first needed. The only place that knows both. */

import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { hostName } from '../base/environment.ts';
import { hasCode, messageOf } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Catalog } from '../catalog/catalog.ts';
import {
  type Config,
  findNamed,
  type JobConfig,
  type PlainSource,
  type RepositoryConfig,
  type SourceConfig,
  sourceInside,
} from '../config/config.ts';
import { renderProblem } from '../config/explain.ts';
import { type ConfigCheck, checkConfig, parseConfig } from '../config/parse.ts';
import { readConfig } from '../config/read.ts';
import { LOCAL_HOST } from '../config/references.ts';
import type { RunOptions } from '../config/run-options.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import type { BackupSource } from '../operations/backup.ts';
import type { PlaceProbe } from '../operations/check.ts';
import type { RepositoryHandle, SourceHandle } from '../operations/handles.ts';
import type { Hooked, HookGround } from '../operations/hooks.ts';
import type { NewRepository } from '../operations/init.ts';
import type { BackupTarget } from '../operations/member.ts';
import type { Memory } from '../operations/memory.ts';
import type { LeftHooks, PendingHooks } from '../operations/pending-hooks.ts';
import type { RestoreJournal } from '../operations/restore-journal.ts';
import type { SpaceAt } from '../operations/space.ts';
import { createEngine, openEngine } from './compose-engine.ts';
import { takingForeignDumps } from './compose-foreign-dump.ts';
import { hookedOf, hookGround } from './compose-hooks.ts';
import { type LeftService, startLeftServices } from './compose-service.ts';
import { openSource, openWriter, renamed, writesFiles } from './compose-source.ts';
import { probeStore, shownLocation, storeHolds } from './compose-store.ts';
import { spaceAt } from './free-space.ts';
import { holdRestores } from './hold-restores.ts';
import { openHolds } from './holds.ts';
import { openPendingHooks } from './pending-hooks.ts';
import { placeMark } from './place-mark.ts';
import { openRestoreJournal } from './restore-journal.ts';
import { lockRun } from './run-lock.ts';
import { stateFolder } from './state-folder.ts';

export { renderProblem as problemLine } from '../config/explain.ts';
export { CONFIG_NAME } from '../config/read.ts';
export { configJsonSchema } from '../config/schema.ts';

export interface ComposeHow {
  /** The file named on the command line, if any. */
  readonly configFile: string | undefined;
  readonly clock: Clock;
  /** Gets sentences that a person should read but that stop nothing. */
  readonly warn: (message: string) => void;
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
  'name' | 'sources' | 'to' | 'timeZone' | 'keep' | 'keepIn' | 'newestWithinMs' | 'hooks' | keyof RunOptions
>;

/** Everything that a configuration names, as ports. Closing it closes all that was opened. */
export interface Platform extends AsyncDisposable {
  /** Absolute path of the configuration file. */
  readonly file: string;
  readonly directory: string;
  /** What is odd in the configuration, a line each. */
  readonly configWarnings: readonly string[];
  readonly jobs: readonly Job[];
  readonly sourceNames: readonly string[];
  readonly repositoryNames: readonly string[];
  /** These methods throw `config.unknown-name` with a suggestion. */
  job(name: string): Job;
  sources(names?: readonly string[]): BackupSource[];
  repositories(names?: readonly string[]): (RepositoryHandle & BackupTarget & { readonly probe: PlaceProbe })[];
  newRepository(name: string): NewRepository;
  /** The repository that an absolute path is inside of, where nothing but its own files may be. */
  repositoryAt(path: string): string | undefined;
  /** What writes a snapshot back: the configured source, or for one that is gone or of another kind a plain writer. */
  writer(snapshot: Snapshot, kind: string | undefined, how: WriterHow): SourceHandle;
  /** What marks the original place of the snapshot, or undefined when its source is not configured and it thus is not known. */
  placeOf(snapshot: Snapshot, kind: string | undefined, into?: string): string | undefined;
  /** Restores that can be continued. */
  restoreJournal(): RestoreJournal;
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

/** Reads and parses the configuration; opens nothing yet. Throws `config.missing`, `config.invalid`, … */
export async function compose(how: ComposeHow): Promise<Platform> {
  const config = parseConfig(await readConfig(how.configFile));
  return createPlatform(config, how);
}

/** All errors and warnings of the configuration, as lines. Throws only when there is no file to read. */
export async function inspectConfig(configFile: string | undefined): Promise<ConfigCheck & { readonly file: string }> {
  const raw = await readConfig(configFile);
  return { ...checkConfig(raw), file: raw.file };
}

/** Kinds of repositories that take several backups at once; in any other they would get in each other's way. */
const CONCURRENT: ReadonlySet<string> = new Set(['restic', 'archive']);

function createPlatform(config: Config, how: ComposeHow): Platform {
  const opened = new AsyncDisposableStack();
  const engines = new Map<string, Promise<Engine>>();
  const once = sayOnce(how.warn);
  let catalog: Promise<Catalog | undefined> | undefined;
  const folder = stateFolder(realpathSync(config.file));

  const lock = (name: string) => lockOrGoOn(join(folder, 'locks'), name, once);
  const holds = openHolds(join(folder, 'restoring'));
  const ground = { opened, directory: config.directory };
  const engineHow = (signal: AbortSignal) => ({ signal, directory: config.directory, warn: once });
  const engineOf = (repository: RepositoryConfig, signal: AbortSignal) => {
    const known = engines.get(repository.name);
    if (known !== undefined) return known;
    const hold = (snapshot: string) => holds.hold(repository.name, snapshot);
    const opening = openEngine(repository, engineHow(signal)).then((engine) => holdRestores(opened.use(engine), hold));
    engines.set(repository.name, opening);
    // A repository that could not be opened may be there the next time.
    opening.catch(() => engines.delete(repository.name));
    return opening;
  };
  const headOf = ({ name, kind, store }: RepositoryConfig) => ({ name, kind, location: shownLocation(store) });
  const configured = (name: string, kind: string | undefined) =>
    config.sources.find((source) => source.name === name && (kind === undefined || sourceInside(source).kind === kind));

  const catalogOf = () => (catalog ??= openCatalog(folder, how, opened));
  return {
    file: config.file,
    directory: config.directory,
    configWarnings: config.warnings.map(renderProblem),
    jobs: config.jobs,
    sourceNames: config.sources.map(({ name }) => name),
    repositoryNames: config.repositories.map(({ name }) => name),
    job: (name) => findNamed(config.jobs, name, 'job'),
    sources: (names) =>
      chosen(config.sources, names, 'source').map((source) => ({
        ...sourceHandle(source, config, { opened, warn: once }),
        host: hostName(),
        after: source.after,
        role: source.role,
        hooked: hookedOf(source.hooks, source.host, ground),
        excludes: excludesOf(sourceInside(source)),
      })),
    repositories: (names) =>
      chosen(config.repositories, names, 'repository').map((repository) => ({
        ...headOf(repository),
        oneAtATime: !CONCURRENT.has(repository.kind),
        verifyAfter: repository.verifyAfter,
        open: ({ signal }) => engineOf(repository, signal),
        probe: probeStore(repository.store),
      })),
    newRepository(name) {
      const repository = findNamed(config.repositories, name, 'repository');
      const create: NewRepository['create'] = async ({ signal }) =>
        opened.use(await createEngine(repository, engineHow(signal)));
      return { ...headOf(repository), create, open: ({ signal }) => engineOf(repository, signal) };
    },
    repositoryAt: (path) => config.repositories.find(({ store }) => storeHolds(store, path))?.name,
    writer(snapshot, recorded, { to, into }) {
      const taker = to === 'original' && into !== undefined ? configured(into, recorded) : undefined;
      const kind = recorded ?? (taker === undefined ? 'files' : sourceInside(taker).kind);
      const name = into ?? (snapshot.source === '' ? shortId(snapshot.id) : snapshot.source);
      const source = to !== 'original' && !writesFiles(kind) ? undefined : configured(into ?? snapshot.source, kind);
      const make = async (signal: AbortSignal) => {
        if (source === undefined) return await openWriter(snapshot, kind, name, config.directory);
        const port = await openSource(source, config, { signal, warn: once });
        return (recorded === undefined ? await takingForeignDumps(port, source) : undefined) ?? port;
      };
      const open: SourceHandle['open'] = async ({ signal }) =>
        opened.use(to === 'file' ? renamed(await make(signal)) : await make(signal));
      return { name, kind, open };
    },
    placeOf(snapshot, kind, into) {
      const source = configured(into ?? snapshot.source, kind);
      return source === undefined ? undefined : placeMark(source);
    },
    restoreJournal: () => openRestoreJournal(join(folder, 'restores')),
    restoring: (repository) =>
      holds.held(repository).union(unfinishedIn(openRestoreJournal(join(folder, 'restores')), repository)),
    spaceAt,
    catalog: catalogOf,
    async memory() {
      const known = await catalogOf();
      return known === undefined ? undefined : { catalog: known, host: hostName() };
    },
    hooked: ({ hooks }) => hookedOf(hooks, LOCAL_HOST, ground),
    pendingHooks: openPendingHooks(join(folder, 'hooks'), { lock, warn: once }),
    hookGround: (host) => hookGround(host, ground),
    lock,
    startLeftServices: () => startLeftServices(config),
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

function sourceHandle(
  source: SourceConfig,
  config: Config,
  { opened, warn }: { readonly opened: AsyncDisposableStack; readonly warn: (message: string) => void },
): SourceHandle {
  let opening: ReturnType<typeof openSource> | undefined;
  const open: SourceHandle['open'] = ({ signal }) => {
    opening ??= openSource(source, config, { signal, warn }).then((port) => opened.use(port));
    // One that could not be opened may be there for the next repository.
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  return { name: source.name, kind: sourceInside(source).kind, open };
}

function sayOnce(warn: (message: string) => void): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (!said.has(message)) warn(message);
    said.add(message);
  };
}

/** What a restore that can be continued still has to read. A journal that can not be read is told of by the next restore. */
function unfinishedIn(journal: RestoreJournal, repository: string): ReadonlySet<string> {
  try {
    const left = journal.list().flatMap(({ members }) => members.filter(({ state }) => state !== 'done'));
    return new Set(left.filter((member) => member.repository === repository).map(({ snapshot }) => snapshot));
  } catch {
    return new Set();
  }
}

/** A backup is worth more than its history: without a catalog the run goes on. */
async function openCatalog(
  folder: string,
  { clock, warn }: ComposeHow,
  opened: AsyncDisposableStack,
): Promise<Catalog | undefined> {
  try {
    const { openSqliteCatalog } = await import('../catalog/sqlite/open.ts');
    const catalog = opened.use(openSqliteCatalog({ path: join(folder, 'catalog.db'), clock }));
    for (const notice of catalog.notices) warn(notice);
    return catalog;
  } catch (error) {
    warn(`the history of this run is not kept: ${messageOf(error)}`);
    return undefined;
  }
}

/** The repositories have locks of their own, so a folder that can not be written costs order, not safety. */
function lockOrGoOn(folder: string, name: string, warn: (message: string) => void): Disposable {
  try {
    return lockRun(folder, name);
  } catch (error) {
    if (hasCode(error, 'run.busy')) throw error;
    warn(`other runs at the same time would not be noticed: ${messageOf(error)}`);
    return { [Symbol.dispose]() {} };
  }
}
