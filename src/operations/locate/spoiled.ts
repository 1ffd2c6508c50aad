/** Backups that have an id and can not be restored: a person who names one is told why. */
import { SuretyError } from '../../base/errors.ts';
import type { Listing } from '../../engines/engine.ts';

export interface Spoiled {
  readonly id: string;
  readonly repository: string;
  readonly what: 'failed' | 'unreadable';
  readonly message: string;
}

export function spoiledOf(repository: string, { unreadable, failures = [] }: Listing): Spoiled[] {
  return [
    ...unreadable.map(({ id, error }) => ({ id, repository, what: 'unreadable' as const, message: error.message })),
    ...failures.map(({ id, message }) => ({ id, repository, what: 'failed' as const, message })),
  ];
}

/** The one whose id it is, or the only one whose id begins so. */
export function spoiledBy(text: string, all: readonly Spoiled[]): Spoiled | undefined {
  const wanted = text.trim().toLowerCase();
  const exact = all.find(({ id }) => id.toLowerCase() === wanted);
  const [first, ...others] = wanted === '' ? [] : all.filter(({ id }) => id.toLowerCase().startsWith(wanted));
  return exact ?? (others.length === 0 ? first : undefined);
}

/** `snapshot.failed` or `snapshot.unreadable`. */
export function spoiledError({ id, repository, what, message }: Spoiled): SuretyError {
  if (what === 'failed') {
    return new SuretyError('snapshot.failed', `there is nothing to restore in ${id}: that backup failed: ${message}`, {
      hint: 'surety list shows those that did not',
    });
  }
  return new SuretyError('snapshot.unreadable', `${id} in repository ${repository} can not be read: ${message}`, {
    hint: 'put the file back from a copy of the repository, or restore another one: surety list shows what there is',
  });
}
