/** A stdin that is written to as questions come up. */
export interface TypedInput {
  readonly chunks: AsyncIterable<Uint8Array>;
  add(text: string): void;
  /** What was added is still handed out. */
  end(): void;
}

export function openTypedInput(): TypedInput {
  const waiting: Uint8Array[] = [];
  let ended = false;
  let wake = (): void => {};
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    chunks: chunks(),
    add(text) {
      waiting.push(Buffer.from(text, 'utf8'));
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}
