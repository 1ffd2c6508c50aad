/** Decides how a reading is stored: a single dump as itself, everything else as a tar archive. */
import type { Entry, Reading } from '../sources/source.ts';

export type Shape =
  | { readonly container: 'single'; readonly file: Entry; readonly dirs: readonly Entry[] }
  | { readonly container: 'tar'; readonly batches: AsyncIterable<readonly Entry[]> };

/** A database that gives one file, with nothing but the directories above it, is that file. */
export async function shapeOf(reading: Reading, isTree: boolean): Promise<Shape> {
  if (isTree) return { container: 'tar', batches: reading.entries() };
  const iterator = reading.entries()[Symbol.asyncIterator]();
  const head: (readonly Entry[])[] = [];
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    head.push(next.value);
    if (!mayBeSingle(head.flat())) return { container: 'tar', batches: replay(head, iterator) };
  }
  const entries = head.flat();
  const file = entries.find(({ type: kind }) => kind === 'file');
  if (file === undefined) return { container: 'tar', batches: replay(head, iterator) };
  return { container: 'single', file, dirs: entries.filter((entry) => entry !== file) };
}

function mayBeSingle(entries: readonly Entry[]): boolean {
  const files = entries.filter(({ type }) => type !== 'dir');
  const [file] = files;
  if (files.length > 1 || (file !== undefined && file.type !== 'file')) return false;
  const deepest = file?.path ?? entries.at(-1)?.path ?? '';
  return entries.every(({ type, path }) => type !== 'dir' || path === deepest || deepest.startsWith(`${path}/`));
}

async function* replay(
  head: readonly (readonly Entry[])[],
  rest: AsyncIterator<readonly Entry[]>,
): AsyncGenerator<readonly Entry[]> {
  try {
    yield* head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
