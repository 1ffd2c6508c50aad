/** Collects the hashes of the files of an archive. */
import { createHash } from 'node:crypto';
import { LineSpool } from '../../line-spool.ts';
import type { ListedFile } from '../sidecar.ts';

/** So many stand in the sidecar itself, where people look first. */
const LISTED_INLINE = 200;

export class FileList implements AsyncDisposable {
  readonly #inline: ListedFile[] = [];
  readonly #spool = new LineSpool<ListedFile>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** All of them while they are few, else undefined. */
  get inline(): readonly ListedFile[] | undefined {
    return this.#count <= LISTED_INLINE ? this.#inline : undefined;
  }

  async add(file: ListedFile): Promise<void> {
    this.#count += 1;
    if (this.#count <= LISTED_INLINE) this.#inline.push(file);
    await this.#spool.add(file);
  }

  /** All of them, as lines of JSON; can be asked for again. */
  lines(): AsyncGenerator<Uint8Array> {
    return this.#spool.bytes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool[Symbol.asyncDispose]();
  }
}

/** Passes content on, and adds its hash to the list at its end. */
export async function* listed(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  file: { readonly path: string; readonly sizeBytes: number },
  list: FileList,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  await list.add({ path: file.path, size_bytes: file.sizeBytes, sha256: hash.digest('hex') });
}
