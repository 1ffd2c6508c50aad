import type { Store, StoreFacts } from '../../stores/store.ts';
import type { StoreFinding } from './finding.ts';

interface Known {
  readonly facts: StoreFacts | undefined;
  readonly access: StoreFinding;
  readonly conditional: StoreFinding;
  readonly damage: StoreFinding;
  readonly lock: StoreFinding;
}

/** What the findings mean for backups, in sentences. */
export function conclude(known: Known, store: Store): { readonly relies: string[]; readonly without: string[] } {
  const relies = ['A body is there as a whole or not at all, and a list has all that is there.'];
  const without: string[] = [];
  if (known.conditional.status === 'ok') {
    relies.push('Of two that take the same name at once, one is told that it is taken.');
  } else {
    without.push(
      'Conditional writes: Surety looks whether a name is free before it writes. Two machines that back up into one ' +
        '`archive` repository in the same second could take the same name; in a `restic` repository names never meet.',
    );
  }
  if (known.damage.status === 'ok') relies.push('A body that was damaged on its way is refused.');
  if (known.damage.status === 'warning') {
    without.push('Checksums on the way: damage is found when snapshots are verified, not when they are made.');
  }
  if (known.lock.status === 'ok' && store.locks !== undefined) {
    relies.push('What is locked can not be deleted before its time, not with these credentials.');
  } else {
    without.push(
      known.access.status === 'warning'
        ? 'Object lock: these credentials can not delete, but those that clean up can.'
        : 'Object lock: whoever has these credentials can delete every backup in it. Keep another copy elsewhere.',
    );
  }
  if (known.facts?.versioning === 'on') {
    relies.push('What was deleted by mistake is there as an older version, as long as the bucket keeps those.');
  }
  if (store.serverTime !== undefined)
    relies.push('The clock of the service tells when a clock of this machine is wrong.');
  return { relies, without };
}
