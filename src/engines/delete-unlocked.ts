/** Deletes what no lock keeps. */
import { SuretyError } from '../base/errors.ts';
import type { How, Store } from '../stores/store.ts';

/** Why a file stays. */
export interface Locked {
  readonly key: string;
  /** Undefined: the service does not say. */
  readonly until: Date | undefined;
}

/** Undefined when it is gone. Throws what deleting throws, but for `store.locked`. */
export async function deleteUnlocked(store: Store, key: string, how: How): Promise<Locked | undefined> {
  try {
    await store.delete(key, how);
    return undefined;
  } catch (error) {
    if (!(error instanceof SuretyError) || error.code !== 'store.locked') throw error;
    const { until } = error.details ?? {};
    return { key, until: typeof until === 'string' ? new Date(until) : undefined };
  }
}

/** The later of two ends. */
export function laterEnd(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}
