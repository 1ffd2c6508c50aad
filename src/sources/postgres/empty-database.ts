import { literal } from './quote.ts';

/** What each kind of thing that a dump may make is dropped with. Extensions go first: what they own can not be dropped alone. */
const DROPS: readonly (readonly [what: string, names: string])[] = [
  ['EVENT TRIGGER', 'SELECT evtname FROM pg_catalog.pg_event_trigger'],
  ['PUBLICATION', 'SELECT pubname FROM pg_catalog.pg_publication'],
  ['EXTENSION', "SELECT extname FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'"],
  ['SCHEMA', "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"],
  ['FOREIGN DATA WRAPPER', 'SELECT fdwname FROM pg_catalog.pg_foreign_data_wrapper'],
];

/** SQL that leaves a database as a new one is: with nothing but an empty schema `public`. */
function emptyDatabase(serverVersion: number): string {
  const loops = DROPS.map(
    ([what, names]) =>
      `FOR name IN ${names} LOOP EXECUTE pg_catalog.format(${literal(`DROP ${what} IF EXISTS %I CASCADE`)}, name); END LOOP;`,
  );
  const publicOwner =
    serverVersion >= 150_000
      ? 'ALTER SCHEMA public OWNER TO pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;'
      : 'GRANT ALL ON SCHEMA public TO PUBLIC;';
  return `SET client_min_messages = error;
DO $surety$ DECLARE name name; BEGIN
${loops.join('\n')}
PERFORM pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata;
END $surety$;
CREATE SCHEMA public;
${publicOwner}
COMMENT ON SCHEMA public IS 'standard public schema';
`;
}

/** The script of a dump for a database that is not empty. */
export async function* fillScript(
  script: AsyncIterable<Uint8Array>,
  serverVersion: number,
  lockTimeoutMs: number,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`SET lock_timeout = ${lockTimeoutMs};\n${emptyDatabase(serverVersion)}`, 'utf8');
  yield* script;
}
