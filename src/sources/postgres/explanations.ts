/** Causes and remedies for what PostgreSQL's programs and servers say. */
import { displayName } from '../../base/names.ts';
import { type Server, shownServer } from './server.ts';

export interface Failing {
  readonly server: Server;
  /** What was being done: `dump of database shop`. */
  readonly doing: string;
  /** Whether something was being read or written: it decides between `source.…` and `target.…`. */
  readonly side: 'source' | 'target';
}

export interface Explanation {
  readonly pattern: RegExp;
  /** Without its side where there is no dot in it. */
  readonly code: string;
  readonly what: (match: RegExpExecArray, failing: Failing) => string;
  readonly hint: string;
  readonly later?: true;
}

export const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern: /password authentication failed for user "([^"]*)"/,
    code: 'denied',
    what: ([, user], { server }) => `${shownServer(server)} does not accept the password of ${user}`,
    hint: 'check user and password; a password is taken from the configuration, else from PGPASSWORD or the password file (~/.pgpass)',
  },
  {
    pattern: /no password supplied/,
    code: 'denied',
    what: (_, { server }) => `${shownServer(server)} wants a password and there is none`,
    hint: 'give the source a password: { env: NAME } or { file: PATH }, or put one into ~/.pgpass (mode 600)',
  },
  {
    pattern: /(Peer|Ident|GSSAPI|LDAP|certificate|RADIUS|PAM) authentication failed for user "([^"]*)"/i,
    code: 'denied',
    what: ([, way, user], { server }) => `${shownServer(server)} does not let ${user} in by ${way} authentication`,
    hint: 'run surety as that system user, name another user, or connect with server: localhost and a password',
  },
  {
    pattern: /no pg_hba\.conf entry for host "([^"]*)", user "([^"]*)"/,
    code: 'denied',
    what: ([, host, user], { server }) => `${shownServer(server)} does not let ${user} in from ${host}`,
    hint: 'add a line for that user and address to the pg_hba.conf of the server and reload it',
  },
  {
    pattern: /FATAL: +role "([^"]*)" does not exist/,
    code: 'denied',
    what: ([, user], { server }) => `${shownServer(server)} has no role ${user}`,
    hint: 'set user to a role of the server',
  },
  {
    pattern: /FATAL: +(?:database "(.*)" does not exist)/,
    code: 'missing',
    what: ([, database], { server }) => `${shownServer(server)} has no database ${displayName(database ?? '')}`,
    hint: 'check its name; psql --list shows the databases',
  },
  {
    pattern: /Connection refused|could not connect to server|Is the server running/,
    code: 'source.unreachable',
    what: (_, { server }) => `${shownServer(server)} refuses connections`,
    hint: 'check that PostgreSQL is running there and listens where server, port or socket say',
    later: true,
  },
  {
    pattern: /could not translate host name "([^"]*)"/,
    code: 'source.unreachable',
    what: ([, host]) => `the name ${host} is not known`,
    hint: 'check server',
    later: true,
  },
  {
    pattern: /timeout expired|Connection timed out|No route to host|Network is unreachable/,
    code: 'source.unreachable',
    what: (_, { server }) => `${shownServer(server)} does not answer`,
    hint: 'check server and port, and that no firewall is in between',
    later: true,
  },
  {
    pattern: /the database system is (starting up|shutting down|in recovery mode|not (?:yet )?accepting connections)/,
    code: 'source.unreachable',
    what: ([, state], { server }) => `${shownServer(server)} is ${state}`,
    hint: 'try again when it is up',
    later: true,
  },
  {
    pattern: /too many clients already|remaining connection slots are reserved|too many connections for/,
    code: 'source.unreachable',
    what: (_, { server }) => `${shownServer(server)} has no free connection`,
    hint: 'try again later, or raise max_connections or the limit of the role or database',
    later: true,
  },
  {
    // What the server says of its own disk comes behind `ERROR:`.
    pattern: /pg_(?:dump|restore): error: could not (?:write|open|create|close|read)[^\n]*No space left on device/,
    code: 'failed',
    what: () => 'the folder for temporary files is full',
    hint: 'make room there, or set TMPDIR to a folder on a larger disk',
  },
  {
    pattern: /No space left on device|could not extend file|could not write to file/,
    code: 'target.full',
    what: (_, { server }) => `the disk of ${shownServer(server)} is full`,
    hint: 'make space there; a restored database needs as much as the one it replaces, which stays until it is proven',
  },
  {
    pattern:
      /server closed the connection unexpectedly|terminating connection due to|connection to server was lost|SSL connection has been closed|could not receive data from server|crash of another server process/,
    code: 'source.unreachable',
    what: (_, { server }) => `${shownServer(server)} broke the connection`,
    hint: 'see the log of the server: it was stopped, crashed, or an administrator ended the connection',
    later: true,
  },
  {
    // pg_dump waits for locks with a statement time-out.
    pattern: /canceling statement due to (?:lock|statement) timeout/,
    code: 'locked',
    what: () => 'a table is locked by somebody',
    hint: 'find the session that holds the lock (pg_locks), back up at another time, or raise lock_timeout',
    later: true,
  },
  {
    pattern:
      /permission denied for ([^\n]*)|must be (?:a )?(?:owner|superuser|member)[^\n]*|permission denied to [^\n]*/,
    code: 'denied',
    what: ([whole], { server }) => `${shownServer(server)} says: ${whole}`,
    hint: 'to back up, a role needs to read everything: GRANT pg_read_all_data TO it; to restore, it needs CREATEDB (ALTER ROLE … CREATEDB) and to be a member of the owners; without CREATEDB, --in-place restores a whole database',
  },
  {
    pattern: /query would be affected by row-level security policy for table "([^"]*)"/,
    code: 'denied',
    what: ([, table]) => `row security would hide rows of table ${table}`,
    hint: 'back up as the owner of the table or as a role with BYPASSRLS',
  },
  {
    pattern:
      /aborting because of server version mismatch|unsupported version \([^)]*\) in file header|invalid command \\restrict/,
    code: 'source.tool-too-old',
    what: () => 'the PostgreSQL programs are too old for it',
    hint: 'install the client programs of the server’s version, and name their folder with bin',
  },
  {
    pattern: /no matching (\w+) were found(?: for pattern "([^"]*)")?/,
    code: 'missing',
    what: ([, kind, name]) => `there are no ${kind}${name === undefined ? '' : ` ${name}`}`,
    hint: 'check schemas, tables and what is excluded',
  },
  {
    pattern: /role "([^"]*)" does not exist/,
    code: 'target.failed',
    what: ([, role]) => `there is no role ${role} here, which the backup needs`,
    hint: 'create it, restore the roles of the server first, or give everything to one role with --owner',
  },
  {
    pattern: /extension "([^"]*)" is not available|could not open extension control file "([^"]*)"/,
    code: 'target.failed',
    what: ([, name, file]) => `extension ${name ?? file} is not installed on the server`,
    hint: 'install its package on the server and restore again',
  },
];
