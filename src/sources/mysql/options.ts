import * as z from 'zod';
import { passwordValue, waitValue } from '../../base/option-values.ts';

const name = z
  .string()
  .min(1, 'the name is empty')
  .max(64, 'names in MySQL have at most 64 characters')
  .refine((text) => !text.includes('\0'), 'a name can not contain a NUL character');
const names = z.array(name).min(1);
const tableName = z.string().min(1);

/** The keys of a `mysql` source in the configuration, besides those that every source has. */
const keys = {
  database: name.describe('the one database to back up').optional(),
  databases: z
    .union([names, z.literal('all')])
    .describe('names of several databases, or all that are not of the server itself')
    .optional(),
  server: z
    .string()
    .min(1)
    .describe('host name or address of the server; default: through its local socket')
    .optional(),
  port: z.int().min(1).max(65_535).describe('default 3306').optional(),
  socket: z.string().min(1).describe('path of the local socket').optional(),
  user: z
    .string()
    .min(1)
    .describe('default: what the option files of the client say, else the user of the system')
    .optional(),
  password: passwordValue.optional(),
  options_file: z
    .string()
    .startsWith('/', 'it must be an absolute path')
    .describe('an option file with a [client] section, where the client programs run; no other is read')
    .optional(),
  tables: z.array(tableName).min(1).describe('only these tables; needs `database`').optional(),
  exclude_tables: z
    .array(tableName)
    .min(1)
    .describe('tables to leave out: table with `database`, else database.table')
    .optional(),
  users: z.boolean().describe('also users and what they may do; default: with `databases: all`').optional(),
  routines: z.boolean().default(true).describe('stored procedures and functions'),
  events: z.boolean().default(true).describe('scheduled events'),
  triggers: z.boolean().default(true).describe('triggers'),
  fingerprint: z
    .enum(['full', 'counts', 'off'])
    .default('full')
    .describe('what is recorded to prove a restore: rows and checksum of each table (full), only rows, or nothing'),
  single_transaction: z
    .boolean()
    .default(true)
    .describe('read in one transaction while others write; false: lock the tables until the dump is complete'),
  lock_timeout: waitValue
    .prefault('10s')
    .describe('how long to wait for a lock that others have to give up; default 10s'),
  bin: z.string().min(1).describe('folder of the client programs; default: PATH').optional(),
};

export const mysqlSchema = z.strictObject(keys).superRefine((raw, context) => {
  const message = problemOf(raw);
  if (message !== undefined) context.addIssue({ code: 'custom', message, path: ['database'] });
});

export type MysqlSchema = z.output<typeof mysqlSchema>;

/** The options without what every source has. Once parsed, `lock_timeout` is in milliseconds. */
export function mysqlOptions(raw: MysqlSchema) {
  return {
    database: raw.database,
    databases: raw.databases,
    server: raw.server,
    port: raw.port,
    socket: raw.socket,
    user: raw.user,
    password: raw.password,
    options_file: raw.options_file,
    tables: raw.tables,
    exclude_tables: raw.exclude_tables ?? [],
    users: raw.users ?? raw.databases === 'all',
    routines: raw.routines,
    events: raw.events,
    triggers: raw.triggers,
    fingerprint: raw.fingerprint,
    single_transaction: raw.single_transaction,
    lock_timeout: raw.lock_timeout,
    bin: raw.bin,
  };
}

export type MysqlOptions = ReturnType<typeof mysqlOptions>;

type Places = Partial<
  Pick<z.output<z.ZodObject<typeof keys>>, 'database' | 'databases' | 'tables' | 'socket' | 'server'>
>;

/** What is wrong with options that are each right by themselves; undefined: nothing. */
function problemOf(raw: Places): string | undefined {
  if ((raw.database === undefined) === (raw.databases === undefined)) return 'name either `database` or `databases`';
  if (raw.tables !== undefined && raw.database === undefined) return '`tables` needs `database`';
  if (raw.socket !== undefined && raw.server !== undefined) return 'give either `server` or `socket`';
  return undefined;
}
