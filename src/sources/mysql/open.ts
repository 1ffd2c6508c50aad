import type { Reach } from '../../reach/reach.ts';
import type { Password } from '../password.ts';
import type { Source } from '../source.ts';
import type { Server } from './client.ts';
import type { MysqlOptions } from './options.ts';
import { mysqlOutlook } from './outlook.ts';
import { readDatabases } from './read.ts';
import { writeDatabases } from './write.ts';

export interface OpenMysql {
  /** The source's name in the configuration. */
  readonly name: string;
  /** Name of the host as snapshots show it. */
  readonly host: string;
  /** Where the dump goes that is made before a restore in place. */
  readonly safetyFolder: string;
  readonly options: MysqlOptions;
  /** Fetched from where `options.password` says it is. */
  readonly password: Password | undefined;
  /** Where the client programs run. Whoever opened it closes it: other sources may be on that host. */
  readonly reach: Reach;
}

/** Databases of a MySQL or MariaDB server. Nothing is read yet. */
export function openMysql({ name, host, safetyFolder, options, password, reach }: OpenMysql): Source {
  const server: Server = { source: name, reach, options, password };
  return {
    traits: { name, kind: 'mysql', restoresIntoServer: true },
    read: (how) => readDatabases({ server, host, safetyFolder }, how),
    write: (restoring, how) => writeDatabases(server, safetyFolder, restoring, how),
    // Its files have no place of their own on this host.
    locate: () => undefined,
    restoreOutlook: (how) => mysqlOutlook(server, how),
    async [Symbol.asyncDispose]() {},
  };
}
