/** Finds repositories inside of folders that are backed up, databases named as files, and repositories in the same place. */
import { basename, relative } from 'node:path';
import { writtenStore } from './borg-place.ts';
import type { ConfigDocument } from './document.ts';
import type { Finding } from './explain.ts';
import { hostsIn } from './hosts.ts';
import { resolvePath } from './paths.ts';
import { LOCAL_HOST } from './references.ts';
import { shownLocation, storeLocation } from './store-location.ts';

interface Folder {
  readonly repository: string;
  readonly path: string;
  readonly isMirror: boolean;
}

/** Mirrors inside of what they mirror: each run would copy all copies once more, until the disk is full. */
export function selfMirrorsOf(document: ConfigDocument, directory: string): Finding[] {
  const all = inside(document, directory, foldersOf(document, directory));
  return all.filter(({ isMirror }) => isMirror).map(({ finding }) => finding);
}

/** Findings about the places of sources and repositories, as they are written; links are not followed. */
export function overlapsOf(document: ConfigDocument, directory: string): Finding[] {
  const folders = foldersOf(document, directory);
  return [
    ...shared(placesOf(document, directory)),
    ...inside(document, directory, folders)
      .filter(({ isMirror }) => !isMirror)
      .map(({ finding }) => finding),
    ...asFiles(document, directory),
  ];
}

function locationsOf(document: ConfigDocument, directory: string) {
  const hosts = hostsIn(document.hosts, directory);
  return Object.entries(document.repositories).map(([repository, raw]) => {
    const location = storeLocation(writtenStore(raw), directory, hosts);
    return { repository, location, isMirror: raw.type === 'mirror' };
  });
}

function foldersOf(document: ConfigDocument, directory: string): Folder[] {
  return locationsOf(document, directory).flatMap(({ repository, location, isMirror }): Folder[] => {
    return location.kind === 'file' ? [{ repository, path: location.options.path, isMirror }] : [];
  });
}

function placesOf(document: ConfigDocument, directory: string) {
  return locationsOf(document, directory).map(({ repository, location }) => {
    return { repository, path: shownLocation(location) };
  });
}

function shared(folders: ReturnType<typeof placesOf>): Finding[] {
  return folders.flatMap(({ repository, path }, at): Finding[] => {
    const first = folders.findIndex((other) => other.path === path);
    if (first === at) return [];
    const message = `it is in the same place as the repository ${folders[first]!.repository}`;
    return [{ path: ['repositories', repository, 'store'], message }];
  });
}

type Sources = NonNullable<ConfigDocument['sources']>;
type AnySource = Sources[string] | Extract<Sources[string], { type: 'service' }>['of'];

interface Placed {
  readonly name: string;
  readonly source: AnySource;
  /** Undefined: this machine. */
  readonly host: string | undefined;
  /** Where its keys stand. */
  readonly at: readonly string[];
}

/** The sources that are read in the end: of a service, the one inside. */
function sourcesOf({ sources = {} }: ConfigDocument): Placed[] {
  return Object.entries(sources).map(([name, source]) => {
    const host = source.host === LOCAL_HOST ? undefined : source.host;
    return source.type === 'service'
      ? { name, source: source.of, host, at: ['sources', name, 'of'] }
      : { name, source, host, at: ['sources', name] };
  });
}

interface Inside {
  readonly finding: Finding;
  readonly isMirror: boolean;
}

function inside(document: ConfigDocument, directory: string, folders: readonly Folder[]): Inside[] {
  return sourcesOf(document).flatMap(({ source, host, at: place }) => {
    if (source.type !== 'files' || host !== undefined) return [];
    const open = folders.filter(({ path }) => !isExcluded(path, source.exclude ?? []));
    return source.paths.flatMap((root, at) => {
      const above = resolvePath(directory, root);
      return open
        .filter(({ path }) => isWithin(path, above))
        .map(({ repository, isMirror }): Inside => {
          const message = `the repository ${repository} is inside of it and would be backed up as well`;
          return { finding: { path: [...place, 'paths', at], message, suggestion: 'add it to exclude' }, isMirror };
        });
    });
  });
}

/** Below a folder, databases are left out of the files. A path that is one was named by a person, so it is read all the same. */
function asFiles(document: ConfigDocument, directory: string): Finding[] {
  const sources = sourcesOf(document);
  const databases = sources.flatMap(({ name, source, host }) =>
    source.type === 'sqlite' ? [{ name, host, path: resolvePath(directory, source.path) }] : [],
  );
  return sources.flatMap(({ source, host, at: place }) => {
    if (source.type !== 'files') return [];
    return source.paths.flatMap((root, at) => {
      const database = databases.find((one) => one.host === host && one.path === resolvePath(directory, root));
      if (database === undefined) return [];
      const message = `it is the database ${database.name} and would also be backed up as a mere file`;
      return [{ path: [...place, 'paths', at], message, suggestion: 'take it out' } satisfies Finding];
    });
  });
}

function isWithin(path: string, folder: string): boolean {
  const below = relative(folder, path);
  return below !== '..' && !below.startsWith('../');
}

/** Whether a pattern's last name is the path's, or its beginning with a `*`; whether the rest matches is not looked at. */
function isExcluded(path: string, patterns: readonly string[]): boolean {
  const name = basename(path);
  return patterns.map((pattern) => basename(pattern)).some((last) => last === name || isBeginning(last, name));
}

function isBeginning(pattern: string, name: string): boolean {
  return pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1));
}
