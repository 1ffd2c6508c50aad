import type { Reach } from '../../reach/reach.ts';
import type { Password } from '../password.ts';
import type { Source } from '../source.ts';
import type { PostgresOptions } from './options.ts';
import { postgresOutlook } from './outlook.ts';
import { readPostgres } from './read.ts';
import { writePostgres } from './write.ts';

export interface OpenPostgres {
  /** The source's name in the configuration. */
  readonly name: string;
  /** Where the client programs run. Whoever opened it closes it: other sources may be on that host. */
  readonly reach: Reach;
  readonly options: PostgresOptions;
  /** Undefined: PostgreSQL's own ways to find one are left to it. */
  readonly password: Password | undefined;
  /** A folder of this machine, made when it is needed, for dumps of what is about to be changed in place. */
  readonly safetyFolder: string;
}

/** Databases of a PostgreSQL server. Nothing is connected yet. */
export function openPostgres({ name, reach, options, password, safetyFolder }: OpenPostgres): Source {
  const server = { source: name, reach, options, password, safetyFolder };
  return {
    traits: { name, kind: 'postgres', restoresIntoServer: true },
    read: (how) => readPostgres(server, how),
    write: (restoring, how) => writePostgres(server, restoring, how),
    locate: () => undefined,
    restoreOutlook: (how) => postgresOutlook(server, how),
    async [Symbol.asyncDispose]() {},
  };
}
