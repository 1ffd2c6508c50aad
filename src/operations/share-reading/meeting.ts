/** Those who go on together: each can wait for something that the others do, and is told when anything changed. */

export interface Member {
  readonly signal: AbortSignal;
  /** Called about once a second while the member waits for another that is at work, and when something came that all wait for. */
  readonly alive: () => void;
}

export interface Meeting<One extends Member> {
  readonly members: ReadonlySet<One>;
  join(member: One): void;
  /** False when it was not there. */
  leave(member: One): boolean;
  /** Whether all but this one wait for each other. */
  othersWait(member: One): boolean;
  /** Something changed: all who wait look again. */
  wake(): void;
  /** Something came from outside: nobody has waited in vain. */
  advance(): void;
  /**
   * Resolves once `ready` is true. Throws the reason of the member's signal when that is aborted first. `what` says whether it waits for
   * the others, or for what it asked the source for.
   */
  until(member: One, ready: () => boolean, what?: 'others' | 'source'): Promise<void>;
}

const TICK_MS = 1000;

/**
 * Where all wait, none of them is what the others wait for: nobody is kept alive then, so that what never comes is given up. `isAwaited`
 * says whether one who is not there yet is waited for.
 */
export function openMeeting<One extends Member>(isAwaited: () => boolean = () => false): Meeting<One> {
  const members = new Set<One>();
  const waiting = new Map<One, 'others' | 'source'>();
  let change = Promise.withResolvers<void>();
  let ticking: NodeJS.Timeout | undefined;

  const wake = () => {
    const { resolve } = change;
    change = Promise.withResolvers();
    resolve();
  };
  const keepAlive = () => {
    for (const { alive } of waiting.keys()) alive();
  };
  const tick = () => {
    if (waiting.size < members.size || isAwaited()) keepAlive();
  };

  return {
    members,
    wake,
    advance() {
      keepAlive();
      wake();
    },
    join(member) {
      members.add(member);
      member.signal.addEventListener('abort', wake, { once: true });
      ticking ??= setInterval(tick, TICK_MS).unref();
      wake();
    },
    leave(member) {
      member.signal.removeEventListener('abort', wake);
      const was = members.delete(member);
      if (members.size === 0) {
        clearInterval(ticking);
        ticking = undefined;
      }
      wake();
      return was;
    },
    othersWait: (member) => [...members].every((other) => other === member || waiting.get(other) === 'others'),
    async until(member, ready, what = 'others') {
      member.signal.throwIfAborted();
      if (ready()) return;
      waiting.set(member, what);
      // Who waits is something that others may have waited for.
      wake();
      try {
        while (!ready()) {
          await change.promise;
          member.signal.throwIfAborted();
        }
      } finally {
        waiting.delete(member);
      }
    },
  };
}
