import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tolerantGlobals } from './globals.ts';

const SCRIPT = `--
-- Roles
--
CREATE ROLE admin;
ALTER ROLE admin WITH SUPERUSER PASSWORD 'SCRAM-SHA-256$old';
CREATE ROLE "odd ""name; x";
ALTER ROLE "odd ""name; x" WITH LOGIN;
CREATE ROLE fresh;
ALTER ROLE fresh SET search_path TO 'a';
CREATE TABLESPACE fast OWNER admin LOCATION '/ssd';
CREATE TABLESPACE slow OWNER admin LOCATION '/hdd';
GRANT fresh TO "odd ""name; x";
`;

test('what exists is not made again, the own role is left alone, everything else is done', () => {
  const present = {
    roles: new Set(['admin', 'odd "name; x']),
    tablespaces: new Set(['fast']),
    facts: {
      number: 150_000,
      version: '15.0',
      recovering: false,
      superuser: true,
      mayCreateDatabases: true,
      role: 'admin',
    },
  };
  assert.equal(
    tolerantGlobals(SCRIPT, present),
    `--
-- Roles
--
ALTER ROLE "odd ""name; x" WITH LOGIN;
CREATE ROLE fresh;
ALTER ROLE fresh SET search_path TO 'a';
CREATE TABLESPACE slow OWNER admin LOCATION '/hdd';
GRANT fresh TO "odd ""name; x";
`,
  );
});
