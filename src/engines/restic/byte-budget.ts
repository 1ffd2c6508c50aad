/** Bounds the bytes that are in memory at once: those being read, waiting for a worker, and being worked on. */
export interface ByteBudget {
  /** Resolves when `sizeBytes` fit; alone, any amount fits. First come, first served. */
  take(sizeBytes: number, signal: AbortSignal): Promise<void>;
  give(sizeBytes: number): void;
}

export function openByteBudget(limitBytes: number): ByteBudget {
  const waiting: { readonly sizeBytes: number; readonly admit: () => void }[] = [];
  let used = 0;

  function admitNext(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (used > 0 && used + next.sizeBytes > limitBytes) return;
      waiting.shift();
      used += next.sizeBytes;
      next.admit();
    }
  }

  return {
    take(sizeBytes, signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const giveUp = (): void => {
          const at = waiting.indexOf(turn);
          if (at >= 0) waiting.splice(at, 1);
          reject(signal.reason);
          admitNext();
        };
        const admit = (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        };
        const turn = { sizeBytes, admit };
        waiting.push(turn);
        signal.addEventListener('abort', giveUp, { once: true });
        admitNext();
      });
    },
    give(sizeBytes) {
      used -= sizeBytes;
      admitNext();
    },
  };
}
