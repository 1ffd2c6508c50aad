import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { SuretyError } from '../../base/errors.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Brings the database to the newest shape: runs each `NNNN-name.sql` above its `user_version`, all in one transaction.
 * Two processes may do this at once: the second finds the work done. Throws `catalog.newer` for a shape unknown here.
 */
export function migrate(database: DatabaseSync, location: string): void {
  const migrations = readdirSync(FOLDER)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .sort()
    .map((name) => ({ name, version: Number(name.slice(0, 4)) }));
  const newest = migrations.at(-1)!.version;
  if (versionOf(database) === newest) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > newest) throw newer(location, version, newest);
    for (const migration of migrations) {
      if (migration.version > version) database.exec(readFileSync(new URL(migration.name, FOLDER), 'utf8'));
    }
    database.exec(`PRAGMA user_version = ${newest}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

function newer(location: string, version: number, newest: number): SuretyError {
  return new SuretyError('catalog.newer', `catalog ${location} has version ${version}, this program knows ${newest}`, {
    hint: 'use the version of Surety that wrote it, or a later one',
    details: { catalog: location },
  });
}
