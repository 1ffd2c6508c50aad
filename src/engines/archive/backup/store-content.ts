/** Streams a reading into one stored file: tar, compression, encryption and checksums on the way, nothing twice. */
import { createHash } from 'node:crypto';
import { SuretyError } from '../../../base/errors.ts';
import { packTar } from '../../../base/tar/pack.ts';
import type { SourceFacts, Xattr } from '../../../sources/source.ts';
import { openFileContent } from '../../file-content.ts';
import type { Shape } from '../../shape.ts';
import type { Spool } from '../../spool.ts';
import type { Tally } from '../../tally.ts';
import { type MembersHow, members, passing } from '../../tar-members.ts';
import { encrypt } from '../age.ts';
import { type Chunks, compress } from '../through.ts';
import { type FileList, listed } from './file-list.ts';
import type { Working } from './working.ts';

export interface Storing extends Working {
  readonly shape: Shape;
  readonly key: string;
  readonly tally: Tally;
  readonly list: FileList;
  readonly spool: Spool;
}

export interface Measured {
  readonly sizeBytes: number;
  readonly checksum: string;
}

export interface StoredContent {
  readonly stored: Measured;
  readonly plain: Measured;
  readonly sourceFacts: SourceFacts;
  /** Of a single file: its own and those of the directories above, in the order of the entries. */
  readonly xattrs: readonly (readonly Xattr[])[];
}

export async function storeContent(storing: Storing): Promise<StoredContent> {
  const { repository, how, key } = storing;
  const plain = new Meter(repository.checksum);
  const stored = new Meter(repository.checksum);
  const source: { facts?: SourceFacts; xattrs: readonly (readonly Xattr[])[] } = { xattrs: [] };
  let opened = false;
  const open = (): Chunks => {
    if (opened) throw readOnce(key);
    opened = true;
    const content = plain.over(contentOf(storing, source));
    const compressed = compress(content, repository.compression, repository.level);
    const { recipients } = repository;
    return stored.over(recipients.length > 0 ? encrypt(compressed, recipients) : compressed);
  };
  await repository.store.put(key, { once: true, open }, { signal: how.signal, ifAbsent: true });
  return { stored: stored.result(), plain: plain.result(), sourceFacts: source.facts!, xattrs: source.xattrs };
}

/** A source is read once, and kept nowhere: what got lost on the way can not be sent again. */
function readOnce(key: string): SuretyError {
  return new SuretyError(
    'store.failed',
    `${key} was not stored whole, and what is in it can not be read a second time`,
    {
      hint: 'run the backup again',
    },
  );
}

/** The source has its say before the last byte is stored: what it does not stand for is never there. */
async function* contentOf(
  storing: Storing,
  source: { facts?: SourceFacts; xattrs: readonly (readonly Xattr[])[] },
): AsyncGenerator<Uint8Array> {
  const watch: MembersHow['watch'] = (file, chunks) => listed(chunks, file, storing.list);
  if (storing.shape.container === 'tar') yield* packTar(members(storing.shape.batches, { ...storing, watch }));
  else yield* singleContent(storing, source);
  source.facts = await storing.reading.finish();
  storing.how.signal.throwIfAborted();
}

async function* singleContent(
  { shape, reading, how, tally }: Storing,
  source: { xattrs: readonly (readonly Xattr[])[] },
): AsyncGenerator<Uint8Array> {
  if (shape.container !== 'single') return;
  const { file, dirs } = shape;
  source.xattrs = await reading.xattrs([...dirs, file]);
  for (const _ of dirs) tally.dir();
  for await (const content of reading.content([file], how)) {
    const chunks = content.kind === 'stream' ? content.chunks : undefined;
    const opened = content.kind === 'path' ? await openFileContent(content.path, file, tally.warn) : undefined;
    const bytes = chunks ?? opened?.chunks;
    if (bytes === undefined) break;
    let sizeBytes = 0;
    for await (const chunk of passing(asAsync(bytes), tally, how.signal)) {
      sizeBytes += chunk.length;
      // What comes after reads ahead, and the source may use the same memory again.
      yield new Uint8Array(chunk);
    }
    tally.file(file.path, sizeBytes);
    return;
  }
  throw new SuretyError('source.failed', `${file.path}, all that source ${how.source} has, is gone`);
}

async function* asAsync(chunks: Chunks | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Counts and hashes what goes by. */
class Meter {
  readonly #hash;
  #sizeBytes = 0;

  constructor(algorithm: string) {
    this.#hash = createHash(algorithm);
  }

  async *over(chunks: Chunks): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk);
      this.#sizeBytes += chunk.length;
      yield chunk;
    }
  }

  result(): Measured {
    return { sizeBytes: this.#sizeBytes, checksum: this.#hash.digest('hex') };
  }
}
