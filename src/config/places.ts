/** What of this machine a configuration names: for those who run it in a container. */
import { dirname } from 'node:path';
import { type Config, type PlainSource, sourceInside } from './config.ts';
import { resolvePath } from './paths.ts';
import { LOCAL_HOST } from './references.ts';

export interface Place {
  /** Absolute. */
  readonly path: string;
  /** False: it is only read. */
  readonly writable: boolean;
}

/** Files and folders that are read or written: paths of sources, repositories in folders, files with secrets. */
export function placesOf(config: Config): Place[] {
  const { directory } = config;
  const sources = config.sources.map(sourceInside).flatMap((source) => placesOfSource(source, directory));
  const stores = config.repositories.flatMap(({ store }): Place[] =>
    store.kind === 'file' ? [{ path: store.options.path, writable: true }] : [],
  );
  const secrets = secretFiles([config.sources, config.repositories]).map((path) => resolvePath(directory, path));
  return [...sources, ...stores, ...secrets.map((path) => ({ path, writable: false }))];
}

/** Names of the database sources whose server is on the very machine that runs Surety. */
export function localServers({ sources }: Config): string[] {
  return sources.flatMap((source) => {
    const { kind, host, options } = sourceInside(source);
    if (host !== LOCAL_HOST || (kind !== 'postgres' && kind !== 'mysql')) return [];
    const server = 'server' in options ? options.server : undefined;
    return server === undefined || /^(?:localhost|127\.[\d.]+|::1|\/.*)$/.test(String(server)) ? [source.name] : [];
  });
}

/** What of this machine a source reads; nothing where another host, a server or a command has it. */
export function placesOfSource({ kind, host, options }: PlainSource, directory: string): Place[] {
  if (host !== LOCAL_HOST) return [];
  switch (kind) {
    case 'files':
      return options.paths.map((path) => ({ path: resolvePath(directory, path), writable: false }));
    case 'sqlite':
      // The database has files beside it while it is in use.
      return [{ path: dirname(resolvePath(directory, options.path)), writable: true }];
    case 'dump-files':
      return [{ path: resolvePath(directory, options.path), writable: false }];
    default:
      return [];
  }
}

/** Paths in `{ file: PATH }`. */
function secretFiles(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value);
  const [first] = inner;
  if (inner.length === 1 && first?.[0] === 'file' && typeof first[1] === 'string') return [first[1]];
  return inner.flatMap(([, below]) => secretFiles(below));
}
