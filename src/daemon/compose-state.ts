/** What this machine remembers about a configuration: a folder beside the repositories, without which all of them can still be read. */
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { hasCode, messageOf } from '../base/errors.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { HostIdentities } from '../operations/check-host/host-to-check.ts';
import type { RestoreJournal } from '../operations/restore/restore-journal.ts';
import { openAuditLog } from './audit-log.ts';
import { openHolds } from './holds.ts';
import { openHostIdentities } from './host-identities.ts';
import { openPendingHooks } from './pending-hooks.ts';
import type { Platform } from './platform.ts';
import { openRestoreJournal } from './restore-journal.ts';
import { lockRun } from './run-lock.ts';
import { listSafetyDumps } from './safety-dumps.ts';
import { stateFolder } from './state-folder.ts';

export interface StateHow {
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** Closes the catalog when all is done. */
  readonly opened: AsyncDisposableStack;
}

type State = Pick<
  Platform,
  'auditLog' | 'lock' | 'restoreJournal' | 'safetyDumps' | 'restoring' | 'pendingHooks' | 'catalog'
> & {
  /** Keeps a snapshot from being removed on this machine, until disposed of. */
  hold(repository: string, snapshot: string): Disposable;
  readonly hostIdentities: HostIdentities;
};

/** What is remembered about the configuration of this file. Nothing is made before there is something to remember. */
export function openState(configFile: string, { clock, warn, opened }: StateHow): State {
  const folder = stateFolder(configFile);
  const lock = (name: string) => lockOrGoOn(join(folder, 'locks'), name, warn);
  const holds = openHolds(join(folder, 'restoring'));
  const restoreJournal = () => openRestoreJournal(join(folder, 'restores'));
  let catalog: Promise<Catalog | undefined> | undefined;
  return {
    auditLog: openAuditLog(join(folder, 'audit')),
    hostIdentities: openHostIdentities(join(folder, 'hosts')),
    lock,
    hold: (repository, snapshot) => holds.hold(repository, snapshot),
    restoreJournal,
    safetyDumps: () => listSafetyDumps(join(folder, 'safety')),
    restoring: (repository) => holds.held(repository).union(unfinishedIn(restoreJournal(), repository)),
    pendingHooks: openPendingHooks(join(folder, 'hooks'), { lock, warn }),
    catalog: () => (catalog ??= openCatalog(folder, { clock, warn, opened })),
  };
}

/** What a restore that can be continued still has to read. A journal that can not be read is told of by the next restore. */
function unfinishedIn(journal: RestoreJournal, repository: string): ReadonlySet<string> {
  try {
    const left = journal.list().flatMap(({ members }) => members.filter(({ state }) => state !== 'done'));
    return new Set(left.filter((member) => member.repository === repository).map(({ snapshot }) => snapshot));
  } catch {
    return new Set();
  }
}

/** A backup is worth more than its history: without a catalog the run goes on. */
async function openCatalog(folder: string, { clock, warn, opened }: StateHow): Promise<Catalog | undefined> {
  try {
    const { openSqliteCatalog } = await import('../catalog/sqlite/open.ts');
    const catalog = opened.use(openSqliteCatalog({ path: join(folder, 'catalog.db'), clock }));
    for (const notice of catalog.notices) warn(notice);
    return catalog;
  } catch (error) {
    warn(`the history of this run is not kept: ${messageOf(error)}`);
    return undefined;
  }
}

/** The repositories have locks of their own, so a folder that can not be written costs order, not safety. */
function lockOrGoOn(folder: string, name: string, warn: (message: string) => void): Disposable {
  try {
    return lockRun(folder, name);
  } catch (error) {
    if (hasCode(error, 'run.busy')) throw error;
    warn(`other runs at the same time would not be noticed: ${messageOf(error)}`);
    return { [Symbol.dispose]() {} };
  }
}
