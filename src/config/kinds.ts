/** Which kinds of sources and repositories this version has, and how the options of each are read. */
import { archiveOptions, archiveSchema } from '../engines/archive/options.ts';
import { borgOptions, borgSchema } from '../engines/borg/options.ts';
import { mirrorOptions, mirrorSchema } from '../engines/mirror/options.ts';
import { resticOptions, resticSchema } from '../engines/restic/options.ts';
import { commandOptions, commandSchema } from '../sources/command/options.ts';
import { dumpFilesOptions, dumpFilesSchema } from '../sources/dump-files/options.ts';
import { filesOptions, filesSchema } from '../sources/files/options.ts';
import { mysqlOptions, mysqlSchema } from '../sources/mysql/options.ts';
import { postgresOptions, postgresSchema } from '../sources/postgres/options.ts';
import { serviceOptions, serviceSchema } from '../sources/service/options.ts';
import { type SqliteOptions, sqliteOptions as sqliteSchema } from '../sources/sqlite/options.ts';

/** What may stand in the file. */
export const SOURCE_SCHEMAS = {
  files: filesSchema,
  sqlite: sqliteSchema,
  postgres: postgresSchema,
  mysql: mysqlSchema,
  command: commandSchema,
  'dump-files': dumpFilesSchema,
  service: serviceSchema,
} as const;
export const REPOSITORY_SCHEMAS = {
  restic: resticSchema,
  archive: archiveSchema,
  borg: borgSchema,
  mirror: mirrorSchema,
} as const;

/** What it becomes. */
export const SOURCE_OPTIONS = {
  files: filesOptions,
  sqlite: pickSqlite,
  postgres: postgresOptions,
  mysql: mysqlOptions,
  command: commandOptions,
  'dump-files': dumpFilesOptions,
  service: serviceOptions,
} as const;
export const REPOSITORY_OPTIONS = {
  restic: resticOptions,
  archive: archiveOptions,
  borg: borgOptions,
  mirror: mirrorOptions,
} as const;

/** Kinds that are designed but not built: naming one is answered with that. */
export const PLANNED_SOURCE_KINDS: readonly string[] = [];
export const PLANNED_REPOSITORY_KINDS: readonly string[] = [];

/** The options without the attributes that every source has. */
function pickSqlite({ path, fingerprint, busy_timeout }: SqliteOptions): SqliteOptions {
  return { path, fingerprint, busy_timeout };
}
