import { systemClock } from '../base/clock.ts';
import { SuretyError } from '../base/errors.ts';
import { collectBytes, joinBytes } from '../base/streams.ts';
import { openBody } from './body.ts';
import type { Body, How, PutHow, Range, Store, Stored } from './store.ts';

export type FaultyCall = 'put' | 'read' | 'stream' | 'stat' | 'list' | 'delete';

/** What goes wrong, as plain JSON, so that a test can hand it to a child process. */
export interface FaultPlan {
  readonly faults: readonly Fault[];
}

export interface Fault {
  /** The calls it is about; each is counted from 1 in the order they begin, together for all of these kinds. */
  readonly calls: readonly FaultyCall[];
  /** Only calls whose key (or list prefix) begins with this text are counted. */
  readonly prefix?: string;
  /** Which of the counted calls it hits; default all of them. */
  readonly nth?: number;
  readonly action: FaultAction;
}

export type FaultAction =
  /** Fails: `before` without doing anything, `after` having done it all (the answer was lost). */
  | {
      readonly kind: 'fail';
      readonly when: 'before' | 'after';
      readonly code: string;
      readonly retry?: 'never' | 'later';
    }
  /** SIGKILL to this very process; `during` is in the middle of a put's body. */
  | { readonly kind: 'kill'; readonly when: 'before' | 'during' | 'after' }
  | { readonly kind: 'delay'; readonly durationMs: number }
  /** A read or stream delivers only so many bytes, without an error. */
  | { readonly kind: 'truncate'; readonly sizeBytes: number }
  /** A read or stream delivers the bytes with this bit changed; counted from the start of what is delivered, modulo its size. */
  | { readonly kind: 'flip'; readonly bit: number };

/** A store that goes wrong as planned. For tests: it is what makes "killed at every write" and "a disk that lies" repeatable. */
export function withFaults(store: Store, plan: FaultPlan): Store {
  const counts = plan.faults.map(() => 0);

  /** Counts the call and returns what is to happen to it. */
  function due(call: FaultyCall, key: string): FaultAction[] {
    return plan.faults.flatMap((fault, index) => {
      if (!fault.calls.includes(call) || !key.startsWith(fault.prefix ?? '')) return [];
      counts[index]! += 1;
      return fault.nth === undefined || fault.nth === counts[index] ? [fault.action] : [];
    });
  }

  async function around<T>(call: FaultyCall, key: string, how: How, run: (actions: FaultAction[]) => Promise<T>) {
    const actions = due(call, key);
    await strike(actions, 'before', call, key, how);
    const result = await run(actions);
    await strike(actions, 'after', call, key, how);
    return result;
  }

  async function* damaged(key: string, range: Range | undefined, how: How): AsyncGenerator<Uint8Array> {
    const actions = due('stream', key);
    await strike(actions, 'before', 'stream', key, how);
    if (!actions.some(changesBytes)) yield* store.stream(key, range, how);
    else yield damage(await collectBytes(store.stream(key, range, how)), actions);
    await strike(actions, 'after', 'stream', key, how);
  }

  async function* list(prefix: string, how: How): AsyncGenerator<Stored> {
    const actions = due('list', prefix);
    await strike(actions, 'before', 'list', prefix, how);
    yield* store.list(prefix, how);
    await strike(actions, 'after', 'list', prefix, how);
  }

  return {
    ...store,
    put: (key: string, body: Body, how: PutHow) =>
      around('put', key, how, (actions) => store.put(key, actions.some(killsDuring) ? deadlyBody(body) : body, how)),
    read: (key, range, how) =>
      around('read', key, how, async (actions) => damage(await store.read(key, range, how), actions)),
    stream: damaged,
    stat: (key, how) => around('stat', key, how, () => store.stat(key, how)),
    list,
    delete: (key, how) => around('delete', key, how, () => store.delete(key, how)),
  };
}

async function strike(actions: FaultAction[], when: string, call: FaultyCall, key: string, how: How): Promise<void> {
  for (const action of actions) {
    if (action.kind === 'delay' && when === 'before') await systemClock.sleep(action.durationMs, how.signal);
    if (action.kind === 'kill' && action.when === when) await killSelf();
    if (action.kind === 'fail' && action.when === when) {
      throw new SuretyError(action.code, `${call} ${key} failed as planned`, { retry: action.retry ?? 'never' });
    }
  }
}

/** Never comes back. The signal may need a moment to arrive, and nothing may happen in it. */
async function killSelf(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise<never>(() => undefined);
}

function killsDuring(action: FaultAction): boolean {
  return action.kind === 'kill' && action.when === 'during';
}

function changesBytes(action: FaultAction): boolean {
  return action.kind === 'truncate' || action.kind === 'flip';
}

/** The first half of the body, then death. */
function deadlyBody(body: Body): Body {
  return {
    async *open(how) {
      const parts: Uint8Array[] = [];
      for await (const chunk of openBody(body, how)) parts.push(chunk);
      const bytes = joinBytes(parts);
      yield bytes.subarray(0, bytes.length >> 1);
      await killSelf();
    },
  };
}

function damage(bytes: Uint8Array<ArrayBuffer>, actions: readonly FaultAction[]): Uint8Array<ArrayBuffer> {
  let damaged = bytes;
  for (const action of actions) {
    if (action.kind === 'truncate') damaged = damaged.slice(0, action.sizeBytes);
    if (action.kind === 'flip' && damaged.length > 0) {
      const bit = action.bit % (damaged.length * 8);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
  return damaged;
}
