/** Turns what a person asked to restore into the snapshots that are restored, with what writes them. */
import { SuretyError } from '../base/errors.ts';
import type { RestoreItem } from '../operations/handles.ts';
import type { Call } from './call.ts';
import { findMembers } from './restore-members.ts';
import type { RestoreOptions } from './restore-options.ts';
import type { Session } from './session.ts';

export interface PlannedItem extends RestoreItem {
  readonly intoServer: boolean;
}

/** In the order they are restored. Throws where an item has no place to go to. */
export async function findItems(
  call: Call,
  id: string,
  options: RestoreOptions,
  session: Session,
): Promise<PlannedItem[]> {
  const { platform } = session;
  const { into, as } = options;
  const taker = into === undefined ? undefined : platform.sources([into])[0];
  const members = await findMembers(call, id, options, session);
  if ((into ?? as) !== undefined && members.length > 1) throw as === undefined ? notOneSource() : notOneDatabase();
  const items: PlannedItem[] = [];
  for (const { snapshot, repository, copies, recorded } of members) {
    const to = placeFor(recorded ?? taker?.kind, options);
    if (to === 'original' && platform.placeOf(snapshot, recorded, into) === undefined) {
      throw into === undefined ? noPlace(snapshot.source) : otherKind(into, recorded);
    }
    const source = platform.writer(snapshot, recorded, { to, into });
    const intoServer = to === 'original' && (await source.open(call)).traits.restoresIntoServer === true;
    if (as !== undefined && to === 'original' && !intoServer) throw notOneDatabase();
    items.push({ repository, snapshot, copies, source, intoServer });
  }
  return items;
}

/** `--as` names a file for a database that is one, and a database for what goes into a server. */
function placeFor(kind: string | undefined, { target, as }: RestoreOptions): 'original' | 'folder' | 'file' {
  if (target !== undefined) return 'folder';
  if (as === undefined) return 'original';
  if (kind === undefined || kind === 'files') throw notOneDatabase();
  return kind === 'sqlite' ? 'file' : 'original';
}

function noPlace(source: string): SuretyError {
  const what = source === '' ? 'the snapshot was not made by Surety' : `source ${source} is not in the configuration`;
  return new SuretyError('usage.no-original-place', `${what}, so its original place is not known`, {
    hint: 'restore it with --target DIR, or say with --into SOURCE which configured source it goes back to',
  });
}

function otherKind(into: string, kind: string | undefined): SuretyError {
  return new SuretyError('usage.other-kind', `the snapshot is of kind ${kind ?? 'files'}, and source ${into} is not`, {
    hint: 'name a source of the same kind with --into, or restore it with --target DIR',
  });
}

function notOneDatabase(): SuretyError {
  return new SuretyError('usage.as-one-database', '--as is for the snapshot of one database', {
    hint: 'restore files with --target DIR; choose one database of a recovery point with --source',
  });
}

function notOneSource(): SuretyError {
  return new SuretyError('usage.into-one-source', '--into is for the snapshot of one source', {
    hint: 'choose one of the recovery point with --source',
  });
}
