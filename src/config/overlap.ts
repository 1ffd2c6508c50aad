/** Finds repositories inside of folders that are backed up, databases named as files, and repositories in the same place. */
import { basename, relative } from 'node:path';
import { writtenStore } from './borg-place.ts';
import type { ConfigDocument } from './document.ts';
import type { Finding } from './explain.ts';
import { hostsIn } from './hosts.ts';
import { resolvePath } from './paths.ts';
import { shownLocation, storeLocation } from './store-location.ts';

interface Folder {
  readonly repository: string;
  readonly path: string;
}

/** Findings about the places of sources and repositories, as they are written; links are not followed. */
export function overlapsOf(document: ConfigDocument, directory: string): Finding[] {
  const hosts = hostsIn(document.hosts, directory);
  const places = Object.entries(document.repositories).map(([repository, raw]) => {
    return { repository, location: storeLocation(writtenStore(raw), directory, hosts) };
  });
  const folders = places.flatMap(({ repository, location }): Folder[] => {
    return location.kind === 'file' ? [{ repository, path: location.options.path }] : [];
  });
  return [
    ...shared(places.map(({ repository, location }) => ({ repository, path: shownLocation(location) }))),
    ...inside(document, directory, folders),
    ...asFiles(document, directory),
  ];
}

function shared(folders: readonly Folder[]): Finding[] {
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
  /** Where its keys stand. */
  readonly at: readonly string[];
}

/** The sources that are read in the end: of a service, the one inside. */
function sourcesOf({ sources = {} }: ConfigDocument): Placed[] {
  return Object.entries(sources).map(([name, source]) =>
    source.type === 'service'
      ? { name, source: source.of, at: ['sources', name, 'of'] }
      : { name, source, at: ['sources', name] },
  );
}

function inside(document: ConfigDocument, directory: string, folders: readonly Folder[]): Finding[] {
  return sourcesOf(document).flatMap(({ source, at: place }) => {
    if (source.type !== 'files') return [];
    const open = folders.filter(({ path }) => !isExcluded(path, source.exclude ?? []));
    return source.paths.flatMap((root, at) => {
      const above = resolvePath(directory, root);
      return open
        .filter(({ path }) => isWithin(path, above))
        .map(({ repository }): Finding => {
          const message = `the repository ${repository} is inside of it and would be backed up as well`;
          return { path: [...place, 'paths', at], message, suggestion: 'add it to exclude' };
        });
    });
  });
}

/** Below a folder, databases are left out of the files. A path that is one was named by a person, so it is read all the same. */
function asFiles(document: ConfigDocument, directory: string): Finding[] {
  const sources = sourcesOf(document);
  const databases = sources.flatMap(({ name, source }) =>
    source.type === 'sqlite' ? [{ name, path: resolvePath(directory, source.path) }] : [],
  );
  return sources.flatMap(({ source, at: place }) => {
    if (source.type !== 'files') return [];
    return source.paths.flatMap((root, at) => {
      const database = databases.find(({ path }) => path === resolvePath(directory, root));
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
