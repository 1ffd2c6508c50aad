/** Notices that nobody answers any more on a WebSocket, and keeps what is on the way from taking it for unused. */
import type { WebSocket } from 'ws';
import { systemClock } from '../../base/clock.ts';

export interface LivenessHow {
  readonly idleTimeoutMs: number;
  /**
   * Asked when nothing was heard for so long while input was on its way: the server does not read on, nor answers, while the program does not take its
   * input. Resolves to true where the container is still the same.
   */
  readonly isStillThere: () => Promise<boolean>;
  /** Called once, when nobody answers. */
  readonly lost: (why: string) => void;
}

export interface Liveness {
  /** Input was sent: an answer may have to wait for the program. */
  sent(): void;
}

export function watchLiveness(socket: WebSocket, { idleTimeoutMs, isStillThere, lost }: LivenessHow): Liveness {
  let aliveMs = systemClock.elapsedMs();
  let hasInputOnItsWay = false;
  let isAsking = false;
  const alive = (): void => {
    aliveMs = systemClock.elapsedMs();
  };
  const judge = async (): Promise<void> => {
    if (hasInputOnItsWay) {
      isAsking = true;
      const isThere = await isStillThere();
      isAsking = false;
      if (isThere) return alive();
    }
    lost(`nothing was heard for ${idleTimeoutMs / 1000} s`);
  };
  const timer = setInterval(() => {
    if (socket.readyState !== socket.OPEN || isAsking) return;
    // While it is paused here, nothing is heard because nobody listens.
    if (socket.isPaused) alive();
    if (systemClock.elapsedMs() - aliveMs > idleTimeoutMs) void judge();
    else socket.ping();
  }, idleTimeoutMs / 4);
  socket.on('message', alive);
  socket.on('pong', () => {
    alive();
    hasInputOnItsWay = false;
  });
  socket.once('close', () => clearInterval(timer));
  return {
    sent() {
      hasInputOnItsWay = true;
    },
  };
}
