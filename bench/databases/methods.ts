/** Ways to keep a day's state of the database. Each has a folder of its own, with everything it stores in `repository`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresServer } from '../../test/fixtures/postgres-server.ts';
import type { Command } from '../tools/tool.ts';
import { DATABASE } from './days.ts';

const SURETY = join(import.meta.dirname, '..', '..', 'bin', 'surety');

export interface Method {
  readonly name: string;
  /** Makes the repository; not measured. Undefined: there is nothing to make. */
  init?(place: MethodPlace): Command;
  backup(place: MethodPlace, day: string): Command;
}

export interface MethodPlace {
  readonly home: string;
  readonly repository: string;
  readonly server: PostgresServer;
}

/** A shell line that fails when any part of its pipe fails, as it should be and often is not. */
function shell(line: string, { home, repository, server }: MethodPlace): Command {
  const env = {
    ...server.env,
    PATH: `${server.bin}:${process.env.PATH}`,
    REPOSITORY: repository,
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(home, 'cache'),
    BORG_REPO: repository,
    BORG_PASSPHRASE: 'bench',
    BORG_BASE_DIR: join(home, 'base'),
    HOME: home,
  };
  return { argv: ['bash', '-o', 'pipefail', '-e', '-c', line], env, cwd: home };
}

/** The dump alone: what the others are measured against. */
export const GZIP: Method = {
  name: 'pg_dump to gzip',
  backup: (place, day) =>
    shell(`mkdir -p "$REPOSITORY"; pg_dump ${DATABASE} | gzip > "$REPOSITORY/${day}.sql.gz"`, place),
};

export const METHODS: readonly Method[] = [
  surety('surety', 'full'),
  surety('surety, fingerprint: counts', 'counts'),
  surety('surety, fingerprint: off', 'off'),
  GZIP,
  restic('plain dump into restic', `pg_dump ${DATABASE}`),
  restic('gzip dump into restic', `pg_dump ${DATABASE} | gzip`),
  restic('pg_dump -Fc into restic', `pg_dump -Fc ${DATABASE}`),
  borg('plain dump into borg', `pg_dump ${DATABASE}`),
  borg('gzip dump into borg', `pg_dump ${DATABASE} | gzip`),
  borg('pg_dump -Fc into borg', `pg_dump -Fc ${DATABASE}`),
];

function surety(name: string, fingerprint: 'full' | 'counts' | 'off'): Method {
  const command = (args: readonly string[], { home, server }: MethodPlace): Command => ({
    argv: [SURETY, ...args],
    cwd: home,
    env: { ...server.env, BENCH_PASSWORD: 'bench', HOME: home, XDG_STATE_HOME: home, XDG_CACHE_HOME: home },
  });
  return {
    name,
    init(place) {
      const { server, repository } = place;
      const database = {
        type: 'postgres',
        database: DATABASE,
        server: '127.0.0.1',
        port: server.port,
        user: 'postgres',
      };
      const configuration = {
        sources: { database: { ...database, bin: server.bin, fingerprint } },
        repositories: { vault: { type: 'restic', store: `file:${repository}`, password: { env: 'BENCH_PASSWORD' } } },
        jobs: { bench: { sources: ['database'], to: ['vault'] } },
      };
      writeFileSync(join(place.home, 'surety.yaml'), JSON.stringify(configuration, undefined, 2));
      return command(['init'], place);
    },
    backup: (place) => command(['backup', 'bench'], place),
  };
}

function restic(name: string, dump: string): Method {
  return {
    name,
    init: (place) => shell('restic --quiet init --repository-version 2', place),
    backup: (place) => shell(`${dump} | restic --quiet backup --stdin --stdin-filename dump`, place),
  };
}

function borg(name: string, dump: string): Method {
  return {
    name,
    init: (place) => shell('borg init --encryption repokey', place),
    backup: (place, day) => shell(`${dump} | borg create --compression zstd,3 ::${day} -`, place),
  };
}
