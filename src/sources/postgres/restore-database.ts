import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, messageOf } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { displayName } from '../../base/names.ts';
import { copyChosen, keepOnlyChosen } from './chosen-parts.ts';
import type { DatabaseFacts } from './describe-database.ts';
import { fillDatabase } from './fill-database.ts';
import { nothingInPlace, restoreInPlace, withSafetyDump } from './in-place.ts';
import { createDatabase, dropDatabase, expectedFacts, finishDatabase, prepareForPart } from './new-database.ts';
import { prove } from './prove.ts';
import { endedName } from './quote.ts';
import type { Restore } from './restore-context.ts';
import { takeSafetyDump } from './safety-dump.ts';
import { openSession } from './session.ts';
import type { DatabasePart } from './snapshot-parts.ts';
import { nameDatabase, swapDatabases } from './swap.ts';

/** A database of a snapshot with the name it is to have. */
export interface PlacedPart extends DatabasePart {
  readonly place: string;
}

/** Restores one database as it was asked for. Whatever fails, the database that was there stays, or is put back. */
export async function restoreDatabase(restore: Restore, part: PlacedPart): Promise<void> {
  const { request, tally } = restore;
  const parts = request.tables !== undefined || request.schemas !== undefined;
  if (request.inPlace && !parts) await restoreInPlace(restore, part, part.place);
  else await throughNewDatabase(restore, part, parts);
  tally.files += part.files.length;
  restore.how.progress?.({ files: tally.files, sizeBytes: tally.sizeBytes });
}

async function throughNewDatabase(restore: Restore, part: PlacedPart, parts: boolean): Promise<void> {
  const { request, present } = restore;
  const name = part.place;
  if (request.inPlace && !present.databases.has(name)) throw nothingInPlace(name);
  const facts = await expectedFacts(restore, part);
  const fresh = endedName(name, `_surety_${randomHex(4)}`);
  await createDatabase(restore, fresh, facts);
  let wanted = false;
  try {
    if (facts?.part !== undefined) await prepareForPart(restore, fresh, facts.part);
    await fillDatabase(restore, part, fresh);
    await prove(restore, part, fresh, 'what was there before is untouched; restore another snapshot');
    if (request.inPlace) await partsInPlace(restore, fresh, name);
    else {
      if (parts) await keepOnlyChosen(restore, fresh);
      await putInPlace(restore, { fresh, name, facts });
      wanted = true;
    }
  } finally {
    if (!wanted) await discard(restore, fresh);
  }
}

const ATTEMPTS = 40;
const PAUSE_MS = 100;

/**
 * Nothing of a restore that failed stays behind. A server whose disk is full may need some attempts: to read what it needs, it has to
 * write other pages first. That a database can not be removed must not hide why the restore failed.
 */
async function discard(restore: Restore, fresh: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await dropDatabase(restore, fresh);
    } catch (error) {
      if (attempt < ATTEMPTS && hasCode(error, 'target.full')) {
        await sleep(PAUSE_MS);
        continue;
      }
      const message = `database ${displayName(fresh)} of the restore that failed could not be removed: ${messageOf(error)}`;
      return restore.how.warn({ code: 'entry.failed', path: fresh, message });
    }
  }
}

async function partsInPlace(restore: Restore, fresh: string, name: string): Promise<void> {
  const path = await takeSafetyDump(restore, name);
  restore.tally.notes.push(
    `database ${displayName(name)} as it was before is in ${path}; read it back with pg_restore`,
  );
  try {
    await copyChosen(restore, fresh, name);
  } catch (error) {
    throw withSafetyDump(error, path);
  }
}

interface Fresh {
  readonly fresh: string;
  readonly name: string;
  readonly facts: DatabaseFacts | undefined;
}

async function putInPlace(restore: Restore, { fresh, name, facts }: Fresh): Promise<void> {
  const { present, request, tally, how } = restore;
  await analyze(restore, fresh);
  await finishDatabase(restore, fresh, facts);
  how.signal.throwIfAborted();
  if (!present.databases.has(name)) return await nameDatabase(restore, fresh, name);
  const kept = await swapDatabases(restore, fresh, name);
  if (!request.dropOld) {
    tally.checks.push({ what: 'previous database', ok: true, detail: `kept as ${displayName(kept)}` });
    return;
  }
  await dropDatabase(restore, kept);
  tally.checks.push({ what: 'previous database', ok: true, detail: 'removed, as asked for' });
}

/** A dump has no statistics; without them the first queries would be slow. */
async function analyze({ server, how }: Restore, database: string): Promise<void> {
  const doing = `statistics of database ${displayName(database)}`;
  await using session = await openSession(server, database, { signal: how.signal, doing, side: 'target' });
  await session.run('ANALYZE');
}
