/** Finds out what a store really does, with bodies of its own below a prefix that is removed afterwards. */
import { SuretyError } from '../../base/errors.ts';
import type { How, Store, StoreFacts } from '../../stores/store.ts';
import { toSuretyError } from '../failure.ts';
import { conclude } from './conclude.ts';
import { failed, ok, type StoreFinding, skipped, warning } from './finding.ts';
import { describeFindings } from './judge-facts.ts';
import { keepPromises } from './keep-promises.ts';
import { measureSpeed } from './measure-speed.ts';
import { openScratch, type Scratch } from './scratch.ts';
import type { CheckStoreHow, StoreToCheck } from './store-to-check.ts';
import { tryClock, tryConditionalWrites, tryDamage, tryListing, tryLock } from './try-store.ts';

export interface StoreCheckReport {
  /** `failed`: a promise of the port is broken. */
  readonly outcome: 'ok' | 'warnings' | 'failed';
  readonly repository: string;
  readonly location: string;
  readonly findings: readonly StoreFinding[];
  readonly facts: StoreFacts | undefined;
  /** What Surety counts on in this store, a sentence each. */
  readonly relies: readonly string[];
  /** What it does without, and what that means. */
  readonly without: readonly string[];
}

/** Throws when the store can not be opened; what else is wrong is in the findings. */
export async function checkStore(target: StoreToCheck, how: CheckStoreHow): Promise<StoreCheckReport> {
  try {
    await using store = await target.open(how);
    const scratch = openScratch(store, target.part, how);
    try {
      const report = await look(target, scratch, how);
      const left = await scratch.remove({ wait: true });
      const findings = [...report.findings, ...(left === undefined ? [] : [left])];
      return { ...report, findings, outcome: outcomeOf(findings) };
    } catch (error) {
      await scratch.remove({ wait: false });
      throw error;
    }
  } catch (error) {
    throw toSuretyError(error, `store of ${target.name}`, how.signal);
  }
}

async function look(
  target: StoreToCheck,
  scratch: Scratch,
  how: CheckStoreHow,
): Promise<Omit<StoreCheckReport, 'outcome'>> {
  const { store } = scratch;
  const facts = await store.describe?.(how).catch((error: unknown) => {
    how.signal.throwIfAborted();
    if (error instanceof SuretyError) return undefined;
    throw error;
  });
  const findings: StoreFinding[] = [];
  const add = async (what: string, run: () => Promise<Omit<StoreFinding, 'what'>>): Promise<StoreFinding> => {
    const finding = { what, ...(await attempted(run, how)) };
    findings.push(finding);
    return finding;
  };
  const access = await add('access', () => tryAccess(store, how));
  if (access.status === 'failed') return { ...headOf(target), findings, facts, relies: [], without: [] };
  // Where nothing can be deleted, or only later, no more is left behind than has to be.
  const lasting = access.status === 'warning' || facts?.defaultRetention !== undefined;
  findings.push(...describeFindings(facts));
  const conditional = await add('conditional writes', () => tryConditionalWrites(store, how, lasting ? 1 : 3));
  await add('listing', () => tryListing(store, how, lasting));
  const damage = await add('checksums', () => tryDamage(store, how));
  const lock = await add('object lock', () => tryLock(store, facts, how));
  await add('clock', () => tryClock(store, how));
  await add('speed', () => measureSpeed(store, how, lasting ? 1 : 5));
  if (lasting) findings.push({ what: 'promises', ...skipped('not run, because what it stores could not be removed') });
  else findings.push(...(await keepPromises(target, scratch, how)));
  return { ...headOf(target), findings, facts, ...conclude({ facts, conditional, damage, lock, access }, store) };
}

function headOf({ name, location }: StoreToCheck) {
  return { repository: name, location };
}

const KEY = 'access';

async function tryAccess(store: Store, how: CheckStoreHow): Promise<Omit<StoreFinding, 'what'>> {
  const body = Buffer.from('written by surety store check; can be removed\n');
  await store.put(KEY, body, how);
  const read = await store.read(KEY, undefined, how);
  if (!body.equals(read)) return failed('what was written came back changed', 'do not trust this store with backups');
  try {
    await store.delete(KEY, how);
  } catch (error) {
    how.signal.throwIfAborted();
    if (!(error instanceof SuretyError) || !['store.denied', 'store.locked', 'store.read-only'].includes(error.code))
      throw error;
    return warning(
      'can be written and read, but not deleted from: these credentials only add',
      'good for backups; cleanup needs others that may delete. What this check leaves is small and below the prefix surety-check-',
    );
  }
  return ok('can be written, read and deleted from');
}

async function attempted(
  run: () => Promise<Omit<StoreFinding, 'what'>>,
  how: How,
): Promise<Omit<StoreFinding, 'what'>> {
  try {
    return await run();
  } catch (error) {
    how.signal.throwIfAborted();
    if (!(error instanceof SuretyError)) throw error;
    return failed(error.message, error.hint);
  }
}

function outcomeOf(findings: readonly StoreFinding[]): StoreCheckReport['outcome'] {
  if (findings.some(({ status }) => status === 'failed')) return 'failed';
  return findings.some(({ status }) => status === 'warning') ? 'warnings' : 'ok';
}
