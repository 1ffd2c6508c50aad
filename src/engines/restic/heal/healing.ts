/** What all parts of a healing share. */
import { messageOf } from '../../../base/errors.ts';
import type { HealHow } from '../../engine.ts';
import type { Account } from './account.ts';
import type { Sibling } from './sibling.ts';

export interface Healing extends HealHow {
  readonly siblings: readonly Sibling[];
  readonly account: Account;
  /** Keys of the files that were stored and removed. */
  readonly added: string[];
  readonly removed: string[];
}

/** A warning that a place could not be asked. */
export function passedOver(name: string, error: unknown) {
  return { code: 'heal.passed-over', path: '', message: `${name} can not be used: ${messageOf(error)}` };
}

/** Runs what is done to the repository that is healed: its failure is no failure of the place that is asked. */
export type Ours = <T>(work: Promise<T>) => Promise<T>;

/** Asks a place: what it fails with is a warning, what `ours` fails with is thrown. */
export async function askPlace(
  name: string,
  { signal, warn }: Pick<HealHow, 'signal' | 'warn'>,
  ask: (ours: Ours) => Promise<void>,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const ours: Ours = async (work) => {
    try {
      return await work;
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  };
  try {
    await ask(ours);
  } catch (error) {
    signal.throwIfAborted();
    if (failure !== undefined) throw failure.error;
    warn(passedOver(name, error));
  }
}
