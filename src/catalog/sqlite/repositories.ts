import type { DatabaseSync } from 'node:sqlite';
import type { RepositorySeen } from '../catalog.ts';
import { text, time } from './columns.ts';

/** Snapshots from before repositories were remembered are taken to be in the first one that is. */
export function rememberRepository(database: DatabaseSync, { name, location, id, seenAt }: RepositorySeen): void {
  database
    .prepare('INSERT OR REPLACE INTO repositories (name, location, id, seen_ms) VALUES (?, ?, ?, ?)')
    .run(name, location, id, seenAt.getTime());
  database.prepare("UPDATE snapshots SET repository_id = ? WHERE repository = ? AND repository_id = ''").run(id, name);
}

export function findRepository(database: DatabaseSync, name: string, location: string): RepositorySeen | undefined {
  const row = database
    .prepare('SELECT id, seen_ms FROM repositories WHERE name = ? AND location = ?')
    .get(name, location);
  if (row === undefined) return undefined;
  return { name, location, id: text(row, 'id'), seenAt: time(row, 'seen_ms') };
}
