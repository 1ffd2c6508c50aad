/** Results that are made at their own pace and consumed as an iteration. */
export interface ResultQueue<T> extends AsyncIterable<T> {
  push(result: T): void;
  /** No more will come. */
  end(): void;
  /** No more will come, because of this; thrown to the consumer after what was pushed before. */
  fail(error: unknown): void;
}

export function openResultQueue<T>(): ResultQueue<T> {
  let ready: T[] = [];
  let ending: { readonly error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  const rouse = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    push(result) {
      ready.push(result);
      rouse();
    },
    end() {
      ending ??= {};
      rouse();
    },
    fail(error) {
      ending ??= { error };
      rouse();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const batch = ready;
        ready = [];
        yield* batch;
        if (ready.length > 0) continue;
        if (ending !== undefined) {
          if ('error' in ending) throw ending.error;
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
