/** What is in the repository: archives of Surety and of anybody else. */
import { hasCode, SuretyError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { shortId } from '../../base/short-id.ts';
import type { How, Snapshot } from '../engine.ts';
import { decodeComment } from './comment.ts';
import { type ListedRepository, markListing } from './known-listing.ts';
import { isCheckpoint } from './naming.ts';
import { damaged, type OpenOptions, type Repository } from './repository.ts';
import { borgText } from './run.ts';

/** As `borg list --json` tells it. */
interface ListedArchive {
  readonly archive: string;
  readonly id: string;
  readonly start: string;
  readonly comment?: string;
  readonly hostname?: string;
  readonly username?: string;
}

const FORMAT = '{archive}{id}{start}{comment}{hostname}{username}';
const DOING = 'list of archives';

/** Reads what the manifest and each archive say of themselves. Throws what opening a repository throws. */
export async function listRepository(
  borg: Omit<OpenOptions, 'clock' | 'host' | 'user' | 'writer'>,
  how: How,
): Promise<ListedRepository> {
  const call = { ...how, doing: DOING };
  const unreadable: { id: string; error: Error }[] = [];
  let document: ListDocument;
  try {
    document = parse(await borgText(borg, ['list', '--json', '--consider-checkpoints', '--format', FORMAT], call));
  } catch (error) {
    if (!hasCode(error, 'repository.damaged')) throw error;
    // What an archive says of itself can not be read. Those of which that is so are found one by one.
    const plain = parse(await borgText(borg, ['list', '--json', '--consider-checkpoints'], call));
    const archives: ListedArchive[] = [];
    for (const one of plain.archives) {
      try {
        archives.push(...(await listOne(borg, one.archive, how)));
      } catch (cause) {
        if (!hasCode(cause, 'repository.damaged')) throw cause;
        unreadable.push({ id: one.id, error: damaged(one.archive, 'what it says of itself can not be read', cause) });
      }
    }
    document = { ...plain, archives };
  }
  const { archives, repository, encryption } = document;
  const checkpoints = archives.filter(({ archive }) => isCheckpoint(archive)).map(({ archive }) => archive);
  const snapshots = archives.filter(({ archive }) => !isCheckpoint(archive)).map(toSnapshot);
  snapshots.sort((left, right) => left.time.getTime() - right.time.getTime());
  const incomplete = checkpoints.length === 0 ? {} : { incomplete: checkpoints };
  return {
    id: repository.id,
    mode: encryption.mode,
    listing: { snapshots, unreadable, ...incomplete },
    checkpoints,
    documents: new Map(archives.flatMap(({ id, comment = '' }) => documentIn(id, comment))),
  };
}

function documentIn(id: string, comment: string): [string, string][] {
  const document = decodeComment(comment)?.document;
  return document === undefined ? [] : [[id, document]];
}

async function listOne(borg: Parameters<typeof listRepository>[0], name: string, how: How): Promise<ListedArchive[]> {
  const pattern = name.replaceAll(/[*?[\]\\]/g, '?');
  const args = ['list', '--json', '--consider-checkpoints', '--glob-archives', pattern, '--format', FORMAT];
  const { archives } = parse(await borgText(borg, args, { ...how, doing: DOING }));
  return archives.filter(({ archive }) => archive === name);
}

interface ListDocument {
  readonly archives: readonly ListedArchive[];
  readonly repository: { readonly id: string };
  readonly encryption: { readonly mode: string };
}

function parse(json: string): ListDocument {
  const { archives, repository, encryption } = parsed(json) as Partial<ListDocument>;
  if (Array.isArray(archives) && typeof repository?.id === 'string' && typeof encryption?.mode === 'string') {
    return { archives, repository, encryption };
  }
  throw new SuretyError('repository.failed', 'borg list answers in a way that is not known', {
    hint: 'Surety works with borg 1.2 and 1.4',
  });
}

function parsed(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // What it is instead is nothing that a person could make use of.
    return {};
  }
}

function toSnapshot({ archive, id, start, comment = '', hostname = '', username = '' }: ListedArchive): Snapshot {
  const own = decodeComment(comment);
  // Without a zone it is of the one that borg runs in.
  const time = new Date(own?.time ?? (/[Z+]|-\d\d:\d\d$/.test(start) ? start : `${start}Z`));
  return {
    id,
    time,
    host: own?.host ?? hostname,
    paths: own?.paths ?? [],
    tags: own?.tags ?? [],
    user: own?.user ?? username,
    source: own?.source ?? '',
    recoveryPoint: own?.recoveryPoint ?? '',
    tree: archive,
    program: own?.program ?? 'borg',
  };
}

/** All archives; what they say of themselves is remembered for {@link documentPath}. */
export async function listSnapshots(repository: Repository, how: How): Promise<ListedRepository> {
  const known = await repository.known.get(repository);
  if (known !== undefined) return known;
  const mark = await markListing(repository);
  const listed = await listRepository(repository, how);
  repository.known.keep(listed, mark, repository);
  repository.documents.clear();
  for (const [id, path] of listed.documents) repository.documents.set(id, path);
  repository.names.clear();
  for (const name of namesIn(listed)) repository.names.add(name);
  return listed;
}

/** Those of unfinished archives too: their names are taken for a while. */
export function namesIn({ listing, checkpoints }: ListedRepository): string[] {
  return [...listing.snapshots.map(({ tree }) => tree), ...checkpoints];
}

/** The path in the archive of what Surety wrote about it; undefined where it wrote nothing. */
export async function documentPath(repository: Repository, { id }: Snapshot, how: How): Promise<string | undefined> {
  if (!repository.documents.has(id)) await listSnapshots(repository, how);
  return repository.documents.get(id);
}

/** The snapshot whose id or archive name begins so. Throws `snapshot.unknown` or `snapshot.ambiguous`. */
export async function findSnapshot(repository: Repository, prefix: string, how: How): Promise<Snapshot> {
  const { snapshots } = (await listSnapshots(repository, how)).listing;
  const exact = snapshots.find(({ id, tree }) => id === prefix || tree === prefix);
  if (exact !== undefined) return exact;
  const fitting =
    prefix === '' ? [] : snapshots.filter(({ id, tree }) => id.startsWith(prefix) || tree.startsWith(prefix));
  const [found] = fitting;
  if (found !== undefined && fitting.length === 1) return found;
  if (found !== undefined) {
    throw new SuretyError('snapshot.ambiguous', `${fitting.length} snapshots have ids that begin with ${prefix}`, {
      hint: `give more of it: ${fitting
        .slice(0, 3)
        .map(({ id }) => id.slice(0, prefix.length + 8))
        .join(', ')}`,
    });
  }
  throw unknown(prefix, snapshots);
}

function unknown(prefix: string, snapshots: readonly Snapshot[]): SuretyError {
  const isHex = /^[0-9a-f]+$/.test(prefix);
  const names = snapshots.map(({ id, tree }) => (isHex ? id.slice(0, prefix.length) : tree));
  const [near] = nearest(prefix, names);
  const found = snapshots[names.indexOf(near ?? '')];
  const shown = found && (isHex ? shortId(found.id) : found.tree);
  return new SuretyError('snapshot.unknown', `there is no snapshot ${prefix}`, {
    hint: shown === undefined ? 'surety list shows those that are there' : `did you mean ${shown}`,
  });
}
