/** A reading that tells when something comes out of it. */
import type { Whole } from '../../base/whole.ts';
import type { Content, Reading } from '../../sources/source.ts';

export interface ReadingWatcher {
  /** Entries or facts came. */
  readonly alive: () => void;
  /** So many bytes of the stream of this path came so far; the path is '' when the stream ended. */
  readonly streaming: (path: string, sizeBytes: number) => void;
}

/** The same reading; what it hands out is told to the watcher. Content that is only a path is not. */
export function watchReading(reading: Reading, watcher: ReadingWatcher): Whole<Reading> {
  return {
    host: reading.host,
    paths: reading.paths,
    tree: reading.tree,
    askAhead: reading.askAhead,
    async *entries() {
      for await (const batch of reading.entries()) {
        watcher.alive();
        yield batch;
      }
    },
    xattrs: (entries) => reading.xattrs(entries),
    compare: reading.compare && ((touched, how) => reading.compare!(touched, how)),
    content(entries, how) {
      const path = (at: number) => entries[at]?.path ?? '';
      const contents = reading.content(entries, how);
      if (Symbol.iterator in contents) return mapped(contents, (one, at) => counted(one, path(at), watcher));
      return mappedAsync(contents, (one, at) => counted(one, path(at), watcher));
    },
    async finish() {
      const facts = await reading.finish();
      watcher.alive();
      return facts;
    },
    [Symbol.asyncDispose]: () => reading[Symbol.asyncDispose](),
  };
}

function counted(content: Content, path: string, { streaming }: ReadingWatcher): Content {
  return content.kind === 'stream'
    ? { kind: 'stream', chunks: countedChunks(content.chunks, path, streaming) }
    : content;
}

async function* countedChunks(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  streaming: ReadingWatcher['streaming'],
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  streaming(path, sizeBytes);
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    streaming(path, sizeBytes);
    yield chunk;
  }
  streaming('', 0);
}

function* mapped<In, Out>(items: Iterable<In>, map: (item: In, at: number) => Out): Generator<Out> {
  let at = 0;
  for (const item of items) yield map(item, at++);
}

async function* mappedAsync<In, Out>(
  items: AsyncIterable<In>,
  map: (item: In, at: number) => Out,
): AsyncGenerator<Out> {
  let at = 0;
  for await (const item of items) yield map(item, at++);
}
