/** Where each database of a snapshot goes, and whether it may. */
import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { ownPlace } from '../own-place.ts';
import type { RestoredEntry, ServerRestore, WriteHow } from '../source.ts';
import { isBlank, readContents } from './contents.ts';
import { databaseOf } from './entry-name.ts';
import { type NamesBeside, namesBeside } from './names-beside.ts';
import { text } from './quote.ts';
import type { Session } from './session.ts';
import { type Database, listDatabases } from './survey.ts';

export interface Place {
  readonly entry: RestoredEntry;
  /** Its name when it was backed up. */
  readonly original: string;
  /** Its name from now on. */
  readonly database: string;
  readonly present: Database | undefined;
  readonly names: NamesBeside;
  readonly action: 'create' | 'overwrite' | 'skip';
}

export interface PlanHow extends ServerRestore {
  readonly source: string;
  readonly conflict: WriteHow['conflict'];
}

/** Throws `target.exists` for a database that is there and may not be replaced, `target.failed` where the swap is not possible. */
export async function planPlaces(
  session: Session,
  dumps: readonly RestoredEntry[],
  how: PlanHow,
): Promise<{ places: Place[]; notes: string[] }> {
  if (how.as !== undefined && dumps.length !== 1) {
    throw new SuretyError(
      'target.failed',
      `${how.source}: only a snapshot of one database can get a new name, this one has ${dumps.length}`,
      {
        hint: 'choose one with --path NAME.sql',
      },
    );
  }
  const there = await listDatabases(session);
  const places: Place[] = [];
  for (const entry of dumps) {
    const original = databaseOf(entry.path)!;
    const database = ownPlace(original, how, { source: how.source, of: dumps.length });
    const present = there.find(({ name }) => name === database);
    const filled = present !== undefined && !isBlank(await readContents(session, database));
    if (how.as !== undefined && present !== undefined)
      throw exists(how.source, database, 'choose another name for --as');
    if (filled && how.conflict === 'refuse')
      throw exists(how.source, database, 'confirm that it is replaced, or give --as NAME');
    const action = !filled ? 'create' : how.conflict === 'skip' ? 'skip' : 'overwrite';
    if (action === 'overwrite' && !how.inPlace) await expectNoForeignReferences(session, how.source, database);
    // Of long names only the beginning is left, which other databases of the snapshot may share.
    const planned = places.flatMap((place) => [place.names.restoring, place.names.before]);
    const names = namesBeside(database, systemClock.now(), [...there.map(({ name }) => name), ...planned]);
    places.push({ entry, original, database, present, names, action });
  }
  return { places, notes: leftovers(there, places) };
}

function exists(source: string, database: string, hint: string): SuretyError {
  return new SuretyError('target.exists', `${source}: database ${displayName(database)} exists`, {
    hint,
    details: { source, database },
  });
}

/** A table that moves takes the foreign keys of other databases along: they would refer to the old rows. */
async function expectNoForeignReferences(session: Session, source: string, database: string): Promise<void> {
  const rows = await session.query(
    `SELECT constraint_schema, table_name FROM information_schema.referential_constraints WHERE unique_constraint_schema = ${text(database)}`,
  );
  const other = rows.find(([schema]) => schema !== database);
  if (other === undefined) return;
  throw new SuretyError(
    'target.failed',
    `${source}: table ${other[0]}.${other[1]} refers to database ${displayName(database)} with a foreign key, which would follow the old tables`,
    {
      hint: 'restore with --in-place, or drop that foreign key and add it again afterwards',
      details: { source, database },
    },
  );
}

function leftovers(there: readonly Database[], places: readonly Place[]): string[] {
  const names = there.map(({ name }) => name).filter((name) => /_restoring_\d{8}_\d{6}$/.test(name));
  const own = names.filter((name) => places.some(({ database }) => name.startsWith(database.slice(0, 20))));
  return own.map(
    (name) => `database ${displayName(name)} is left of a restore that did not end; drop it when no other restore runs`,
  );
}
