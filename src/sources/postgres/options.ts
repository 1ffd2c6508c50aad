import * as z from 'zod';
import { passwordValue, waitValue } from '../../base/option-values.ts';

const name = z
  .string()
  .min(1, 'the name is empty')
  .refine((text) => !/[\0\r\n]/.test(text), 'a name can not contain line ends or NUL characters');
const pattern = name.describe('a name, or a pattern as psql knows them: app_*, audit.*');
const patterns = z.array(pattern).min(1);

export const FORMATS = ['plain', 'custom', 'directory', 'dumpall'] as const;
export type DumpFormat = (typeof FORMATS)[number];

/** The keys of a `postgres` source in the configuration, besides those that every source has. */
export const postgresSchema = z
  .strictObject({
    database: name.describe('the database to back up').optional(),
    databases: z
      .union([z.array(name).min(1), z.literal('all')])
      .describe('several databases, or `all`: the whole server with roles, grants and tablespaces')
      .optional(),
    server: name.describe('where the server is, seen from the host; default: its local socket').optional(),
    port: z.int().min(1).max(65_535).describe('default 5432').optional(),
    socket: name.describe('the folder of the server’s socket, instead of server').optional(),
    user: name.describe('the role to connect as; default: as psql does').optional(),
    password: passwordValue.optional(),
    format: z
      .enum(FORMATS)
      .default('plain')
      .describe('plain SQL (default), custom or directory for pg_restore, or dumpall: one pg_dumpall of everything'),
    jobs: z.int().min(1).max(64).describe('how many tables at once; only with format: directory').optional(),
    schemas: patterns.describe('only these schemas').optional(),
    tables: patterns.describe('only these tables').optional(),
    exclude_schemas: patterns.describe('not these schemas').optional(),
    exclude_tables: patterns.describe('not these tables').optional(),
    clean: z
      .boolean()
      .default(false)
      .describe('the dump first drops what it makes, so that psql can read it into a full database'),
    no_owner: z.boolean().default(false).describe('leave out who owns what'),
    no_privileges: z.boolean().default(false).describe('leave out grants'),
    large_objects: z.boolean().describe('dump large objects; default: unless schemas or tables are chosen').optional(),
    globals: z.boolean().describe('also roles and tablespaces; default: with databases: all').optional(),
    vacuumlo: z.boolean().default(false).describe('remove large objects that nothing refers to before the dump'),
    fingerprint: z
      .enum(['full', 'counts', 'off'])
      .default('full')
      .describe('what is recorded to prove a restore: rows and checksum of each table (full), only rows, or nothing'),
    bin: name
      .describe('the folder with psql, pg_dump and the others, for another version than the one on PATH')
      .optional(),
    lock_timeout: waitValue
      .prefault('60s')
      .describe('how long to wait for a table that somebody has locked; default 60s'),
  })
  .superRefine((raw, context) => {
    for (const { when, message, hint, path } of contradictions(raw)) {
      if (when) context.addIssue({ code: 'custom', message, path: [path], params: { hint } });
    }
  });

type RawOptions = {
  readonly [Key in 'database' | 'databases' | 'server' | 'socket' | 'format' | 'jobs' | 'clean']?: unknown;
} & { readonly [Key in 'schemas' | 'tables' | 'exclude_schemas' | 'exclude_tables']?: unknown };

function contradictions(raw: RawOptions) {
  const chosen = raw.schemas ?? raw.tables ?? raw.exclude_schemas ?? raw.exclude_tables;
  return [
    {
      when: (raw.database === undefined) === (raw.databases === undefined),
      message: 'exactly one of `database` and `databases` is needed',
      hint: 'write `database: NAME`, `databases: [a, b]` or `databases: all`',
      path: 'database',
    },
    {
      when: raw.server !== undefined && raw.socket !== undefined,
      message: '`server` and `socket` exclude each other',
      hint: 'leave one of them out',
      path: 'socket',
    },
    {
      when: raw.jobs !== undefined && raw.format !== 'directory',
      message: '`jobs` needs `format: directory`',
      hint: 'other formats are written by one process',
      path: 'jobs',
    },
    {
      when: raw.format === 'dumpall' && raw.databases !== 'all',
      message: '`format: dumpall` dumps the whole server',
      hint: 'write `databases: all` too, or choose another format',
      path: 'format',
    },
    {
      when: raw.format === 'dumpall' && (raw.clean === true || chosen !== undefined),
      message: '`format: dumpall` takes everything as it is',
      hint: 'leave out clean, schemas and tables, or choose another format',
      path: 'format',
    },
  ];
}

/** Once parsed, `lock_timeout` is in milliseconds. */
export type PostgresOptions = z.output<typeof postgresSchema>;

/** The options without the attributes that every source has. */
export function postgresOptions(raw: PostgresOptions): PostgresOptions {
  const own = Object.entries(raw).filter(([key]) => key in postgresSchema.shape);
  return Object.fromEntries(own) as PostgresOptions;
}

/** Whether roles and tablespaces are backed up too. */
export function takesGlobals({ globals, databases, format }: PostgresOptions): boolean {
  return format !== 'dumpall' && (globals ?? databases === 'all');
}
