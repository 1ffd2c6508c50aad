/** Those who go on together: each can wait for something that the others do, and is told when anything changed. */

export interface Member {
  readonly signal: AbortSignal;
  /** Called about once a second while the member waits. */
  readonly alive: () => void;
}

export interface Meeting<One extends Member> {
  readonly members: ReadonlySet<One>;
  join(member: One): void;
  /** False when it was not there. */
  leave(member: One): boolean;
  /** Whether all but this one wait for something. */
  othersWait(member: One): boolean;
  /** Something changed: all who wait look again. */
  wake(): void;
  /** Resolves once `ready` is true. Throws the reason of the member's signal when that is aborted first. */
  until(member: One, ready: () => boolean): Promise<void>;
}

const TICK_MS = 1000;

export function openMeeting<One extends Member>(): Meeting<One> {
  const members = new Set<One>();
  const waiting = new Set<One>();
  let change = Promise.withResolvers<void>();
  let ticking: NodeJS.Timeout | undefined;

  const wake = () => {
    const { resolve } = change;
    change = Promise.withResolvers();
    resolve();
  };
  const tick = () => {
    for (const { alive } of waiting) alive();
  };

  return {
    members,
    wake,
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
    othersWait: (member) => [...members].every((other) => other === member || waiting.has(other)),
    async until(member, ready) {
      member.signal.throwIfAborted();
      if (ready()) return;
      waiting.add(member);
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
