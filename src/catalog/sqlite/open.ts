import { type Clock, systemClock } from '../../base/clock.ts';
import { hostName } from '../../base/environment.ts';
import { isRunning } from '../../base/running.ts';
import type { Catalog } from '../catalog.ts';
import { openDatabase } from './database.ts';
import { toCatalogError } from './database-error.ts';
import { recordHook } from './hooks.ts';
import { listDrills, listRestores, listVerifications, recordRestore, recordVerification } from './proofs.ts';
import { findRepository, rememberRepository } from './repositories.ts';
import { beginRun, closeAbandoned, endRun, findRun, history, lastSuccesses, type Owner, recordMember } from './runs.ts';
import { addSnapshot, listSeries, listSnapshots, removeSnapshots, replaceSnapshots } from './snapshots.ts';
import { listVerdicts, recordVerdicts, removeVerdicts } from './verdicts.ts';

export interface OpenCatalog {
  /** Absolute path of its file; created when missing, with the folders above it. */
  readonly path: string;
  readonly clock?: Clock;
}

/**
 * The catalog in a SQLite file. Marks runs of this host whose process died as interrupted. Never fails because the file
 * is damaged: read `notices`. Throws `catalog.denied`, `catalog.full`, `catalog.busy` or `catalog.newer`.
 */
export function openSqliteCatalog({ path, clock = systemClock }: OpenCatalog): Catalog {
  const owner: Owner = { host: hostName(), processId: process.pid };
  const { database, notices } = translate(() => openDatabase(path, clock));

  function translate<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      throw toCatalogError(error, path);
    }
  }
  /** Async so that failures are rejections; the work itself is done before this returns, which keeps calls in order. */
  async function read<Value>(work: () => Value): Promise<Value> {
    return translate(work);
  }
  async function write(work: () => void): Promise<void> {
    translate(() => {
      database.exec('BEGIN IMMEDIATE');
      try {
        work();
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  translate(() => closeAbandoned(database, owner, isRunning));
  return {
    traits: { kind: 'sqlite', location: path },
    notices,
    beginRun: (run) => write(() => beginRun(database, run, owner)),
    endRun: (id, end) => write(() => endRun(database, id, end)),
    recordMember: (runId, member) => write(() => recordMember(database, runId, member)),
    recordHook: (runId, hook) => write(() => recordHook(database, runId, hook)),
    recordVerification: (runId, done) => write(() => recordVerification(database, runId, done)),
    recordVerdicts: (verdicts) => write(() => recordVerdicts(database, verdicts)),
    recordDrill: (runId, done) => write(() => recordRestore(database, runId, done)),
    recordRestore: (runId, done) => write(() => recordRestore(database, runId, done)),
    replaceSnapshots: (repository, snapshots) => write(() => replaceSnapshots(database, repository, snapshots)),
    addSnapshots: (repository, snapshots) =>
      write(() => {
        for (const snapshot of snapshots) addSnapshot(database, { ...snapshot, repository });
      }),
    removeSnapshots: (repository, ids) => write(() => removeSnapshots(database, repository, ids)),
    removeVerdicts: (repository, ids) => write(() => removeVerdicts(database, repository, ids)),
    rememberRepository: (seen) => write(() => rememberRepository(database, seen)),
    repository: (name, location) => read(() => findRepository(database, name, location)),
    history: (query) => read(() => history(database, query)),
    run: (id) => read(() => findRun(database, id)),
    lastSuccess: (source, repository) => read(() => lastSuccesses(database, source, repository)[0]),
    lastSuccesses: () => read(() => lastSuccesses(database)),
    snapshots: (query) => read(() => listSnapshots(database, query)),
    series: (query) => read(() => listSeries(database, query)),
    verifications: (query) => read(() => listVerifications(database, query)),
    verdicts: (query) => read(() => listVerdicts(database, query)),
    drills: (query) => read(() => listDrills(database, query)),
    restores: (query) => read(() => listRestores(database, query)),
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close();
    },
  };
}
