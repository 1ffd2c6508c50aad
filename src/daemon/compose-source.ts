/** Opens sources. */
import { join } from 'node:path';
import type { PasswordSpec } from '../base/option-values.ts';
import { type Config, type SourceConfig, type SourceOf, sourceInside } from '../config/config.ts';
import { fetchSecret } from '../config/secrets.ts';
import type { SourceHandle } from '../operations/handles.ts';
import type { Reach } from '../reach/reach.ts';
import type { ForeignFile } from '../sources/files/elsewhere.ts';
import type { FilesSetup } from '../sources/files/open.ts';
import type { Password } from '../sources/password.ts';
import type { Source } from '../sources/source.ts';
import { type Hosts, isHere } from './compose-host.ts';
import { serviceSetup } from './compose-service.ts';
import { stateFolder } from './state-folder.ts';

export interface SourceHow {
  readonly signal: AbortSignal;
  /** Gets a sentence when a secret is there but not well kept. */
  readonly warn: (message: string) => void;
  readonly hosts: Hosts;
}

/** The configured source; nothing of it is read yet, but its secrets are fetched. */
export async function openSource(source: SourceConfig, config: Config, how: SourceHow): Promise<Source> {
  const reach = await how.hosts.reach(source.host);
  const head = { name: source.name, host: reach.traits.host, baseDir: config.directory };
  switch (source.kind) {
    case 'files': {
      const { options } = source;
      const foreign = await databasesBeside(source, config);
      if (!reach.traits.localFiles || options.agentless) {
        const { openFarFiles } = await import('../sources/files/far/open-far.ts');
        const folder = reach.traits.localFiles ? config.directory : undefined;
        return openFarFiles({ name: source.name, reach, folder, options, foreign });
      }
      const { openFiles } = await import('../sources/files/open.ts');
      return openFiles({ ...head, options, foreign });
    }
    case 'sqlite': {
      const { openSqlite } = await import('../sources/sqlite/open.ts');
      return openSqlite({ ...head, reach, options: source.options });
    }
    case 'postgres': {
      const { openPostgres } = await import('../sources/postgres/open.ts');
      const { name, options } = source;
      const password = await fetchPassword(name, options.password, config, how);
      const safetyFolder = join(stateFolder(config.file), 'safety');
      return openPostgres({ name, reach, options, password, safetyFolder });
    }
    case 'mysql': {
      const { openMysql } = await import('../sources/mysql/open.ts');
      const { options } = source;
      const password = await fetchPassword(source.name, options.password, config, how);
      const safetyFolder = join(stateFolder(config.file), 'safety');
      return openMysql({ ...head, reach, options, password, safetyFolder });
    }
    case 'command': {
      const { openCommand } = await import('../sources/command/open.ts');
      const variables = await fetchVariables(source, config, how);
      return openCommand({ ...head, options: source.options, reach, ...variables });
    }
    case 'dump-files': {
      const { openDumpFiles } = await import('../sources/dump-files/open.ts');
      const { filesOptions } = await import('../sources/files/options.ts');
      const tree = await treeOpener(reach);
      const files = (paths: readonly string[]) =>
        tree({ ...head, reach, options: filesOptions({ paths: [...paths], exclude: [], exclude_caches: false }) });
      return openDumpFiles({ ...head, options: source.options, reach, files });
    }
    case 'service': {
      const { openService } = await import('../sources/service/open.ts');
      const inside = await openSource(source.options.of, config, how);
      return openService({ ...(await serviceSetup(source, config, how.hosts)), source: inside });
    }
  }
}

type OpenTree = (setup: FilesSetup & { readonly reach: Reach }) => Source;

/** What opens files and folders of this machine, or of another host. */
async function treeOpener(reach: Reach): Promise<OpenTree> {
  if (reach.traits.localFiles) return (await import('../sources/files/open.ts')).openFiles;
  return (await import('../sources/files/far/open-far.ts')).openFarFiles;
}

/** Opens it when it is first needed. One that could not be opened may be there the next time. */
export function openOnce(
  make: (signal: AbortSignal) => Promise<Source>,
  opened: AsyncDisposableStack,
): SourceHandle['open'] {
  let opening: Promise<Source> | undefined;
  return ({ signal }) => {
    if (opening !== undefined) return opening;
    opening = make(signal).then((source) => opened.use(source));
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
}

/** Undefined where none is configured: client programs have their own ways to find one. */
async function fetchPassword(
  source: string,
  spec: PasswordSpec | undefined,
  { directory }: Config,
  how: SourceHow,
): Promise<Password | undefined> {
  if (spec !== undefined && 'host' in spec) return spec.host;
  return spec && (await fetchSecret(spec, { ...how, directory, name: `password of source ${source}` }));
}

/** Variables that do not stand in the configuration itself are secrets. */
async function fetchVariables({ name, options }: SourceOf<'command'>, { directory }: Config, how: SourceHow) {
  const env: Record<string, string> = {};
  const hide: string[] = [];
  for (const [variable, spec] of Object.entries(options.env)) {
    const secret = await fetchSecret(spec, { ...how, directory, name: `variable ${variable} of source ${name}` });
    env[variable] = secret.reveal();
    if (!('plain' in spec)) hide.push(secret.reveal());
  }
  return { env, hide };
}

/** A database that a source of its own protects is no mere file. One that no job backs up is: else it would be nowhere. */
async function databasesBeside({ host }: SourceConfig, config: Config): Promise<ForeignFile[]> {
  const { sources, jobs, hosts, directory } = config;
  const databases = sources
    .map(sourceInside)
    .flatMap((one) => (one.kind === 'sqlite' && one.host === host ? [one] : []));
  const kept = databases.filter(({ name }) => jobs.some((job) => job.sources.includes(name)));
  if (kept.length === 0) return [];
  const { COMPANIONS, parsePlace } = await import('../sources/sqlite/place.ts');
  // On another host paths are relative to the folder in which commands begin there: over SSH, that is the home folder.
  const isSsh = hosts.some(({ name, kind }) => name === host && kind === 'ssh');
  const pathThere = (path: string) => (isSsh ? path.replace(/^~\/+/, '') : path);
  const pathOf = (path: string) => (isHere(host) ? parsePlace(path, directory).path : pathThere(path));
  return kept.map(({ options }) => ({ path: pathOf(options.path), companions: COMPANIONS }));
}
