/** Opens sources. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hostName } from '../base/environment.ts';
import { SuretyError } from '../base/errors.ts';
import type { SecretSpec } from '../base/option-values.ts';
import type { Secret } from '../base/secret.ts';
import { type Config, type SourceConfig, type SourceOf, sourceInside } from '../config/config.ts';
import { fetchSecret } from '../config/secrets.ts';
import type { Snapshot } from '../engines/engine.ts';
import type { Reach } from '../reach/reach.ts';
import type { ForeignFile } from '../sources/files/elsewhere.ts';
import type { Restoring, Source } from '../sources/source.ts';
import { serviceSetup } from './compose-service.ts';
import { stateFolder } from './state-folder.ts';

export interface SourceHow {
  readonly signal: AbortSignal;
  /** Gets a sentence when a secret is there but not well kept. */
  readonly warn: (message: string) => void;
}

/** The configured source; nothing of it is read yet, but its secrets are fetched. */
export async function openSource(source: SourceConfig, config: Config, how: SourceHow): Promise<Source> {
  const head = { name: source.name, host: hostName(), baseDir: config.directory };
  switch (source.kind) {
    case 'files': {
      const { openFiles } = await import('../sources/files/open.ts');
      return openFiles({ ...head, options: source.options, foreign: await databasesBeside(source, config) });
    }
    case 'sqlite': {
      const { openSqlite } = await import('../sources/sqlite/open.ts');
      return openSqlite({ ...head, options: source.options });
    }
    case 'postgres': {
      const { openPostgres } = await import('../sources/postgres/open.ts');
      const { name, options } = source;
      const password = await fetchPassword(name, options.password, config, how);
      const safetyFolder = join(stateFolder(realpathSync(config.file)), 'safety');
      return openPostgres({ name, reach: await thisMachine(), options, password, safetyFolder });
    }
    case 'mysql': {
      const { openMysql } = await import('../sources/mysql/open.ts');
      const { options } = source;
      const password = await fetchPassword(source.name, options.password, config, how);
      const safetyFolder = join(stateFolder(realpathSync(config.file)), 'safety');
      return openMysql({ ...head, reach: await thisMachine(), options, password, safetyFolder });
    }
    case 'command': {
      const { openCommand } = await import('../sources/command/open.ts');
      const variables = await fetchVariables(source, config, how);
      return openCommand({ ...head, options: source.options, reach: await thisMachine(), ...variables });
    }
    case 'dump-files': {
      const { openDumpFiles } = await import('../sources/dump-files/open.ts');
      const { openFiles } = await import('../sources/files/open.ts');
      const { filesOptions } = await import('../sources/files/options.ts');
      const files = (paths: readonly string[]) =>
        openFiles({ ...head, options: filesOptions({ paths: [...paths], exclude: [], exclude_caches: false }) });
      return openDumpFiles({ ...head, options: source.options, reach: await thisMachine(), files });
    }
    case 'service': {
      const { openService } = await import('../sources/service/open.ts');
      const inside = await openSource(source.options.of, config, how);
      return openService({ ...(await serviceSetup(source, config)), source: inside });
    }
  }
}

async function thisMachine(): Promise<Reach> {
  const { openLocal } = await import('../reach/local.ts');
  return openLocal();
}

/** Undefined where none is configured: client programs have their own ways to find one. */
async function fetchPassword(
  source: string,
  spec: SecretSpec | undefined,
  { directory }: Config,
  how: SourceHow,
): Promise<Secret | undefined> {
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
async function databasesBeside({ host }: SourceConfig, { sources, jobs, directory }: Config): Promise<ForeignFile[]> {
  const databases = sources
    .map(sourceInside)
    .flatMap((one) => (one.kind === 'sqlite' && one.host === host ? [one] : []));
  const kept = databases.filter(({ name }) => jobs.some((job) => job.sources.includes(name)));
  if (kept.length === 0) return [];
  const { COMPANIONS, parsePlace } = await import('../sources/sqlite/place.ts');
  return kept.map(({ options }) => ({ path: parsePlace(options.path, directory).path, companions: COMPANIONS }));
}

/** Kinds whose snapshots are the files themselves. Of any other kind, what is in a snapshot are dumps. */
export function writesFiles(kind: string): boolean {
  return kind === 'files' || kind === 'sqlite';
}

/**
 * A source that only restores, for a snapshot whose source is not in the configuration, and for dumps that are to be files. It
 * has no original place.
 */
export async function openWriter(snapshot: Snapshot, kind: string, name: string, directory: string): Promise<Source> {
  const head = { name, host: hostName() };
  const [path = '/'] = snapshot.paths;
  if (kind === 'sqlite') {
    const { openSqlite } = await import('../sources/sqlite/open.ts');
    const { sqliteOptions } = await import('../sources/sqlite/options.ts');
    return openSqlite({ ...head, baseDir: directory, options: sqliteOptions.parse({ path }) });
  }
  const { openFiles } = await import('../sources/files/open.ts');
  const { filesOptions } = await import('../sources/files/options.ts');
  return openFiles({ ...head, baseDir: directory, options: filesOptions({ paths: [writesFiles(kind) ? path : '/'] }) });
}

/** Restores the one file of a snapshot under another name: `target` is that file. */
export function renamed(source: Source): Source {
  return {
    traits: source.traits,
    read: (how) => source.read(how),
    locate: (entryPath) => source.locate(entryPath),
    async write(restoring, how) {
      const { target } = how;
      if (target === undefined) return await source.write(restoring, how);
      if (how.conflict === 'refuse' && existsSync(target)) {
        throw new SuretyError('target.exists', `${target} exists`, { hint: 'name a new file' });
      }
      // The folder may hold other files: only the one that is named counts.
      const conflict = how.conflict === 'refuse' ? 'skip' : how.conflict;
      return await source.write(onlyFile(restoring, basename(target)), { ...how, conflict, target: dirname(target) });
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

function onlyFile(restoring: Restoring, name: string): Restoring {
  return {
    facts: restoring.facts,
    async *entries() {
      for await (const batch of restoring.entries()) {
        const files = batch.filter((entry) => entry.type === 'file').map((entry) => ({ ...entry, path: name }));
        if (files.length > 0) yield files;
      }
    },
    place: (files, how) => restoring.place(files, how),
    stream: (entry, how) => restoring.stream(entry, how),
    [Symbol.asyncDispose]: () => restoring[Symbol.asyncDispose](),
  };
}
