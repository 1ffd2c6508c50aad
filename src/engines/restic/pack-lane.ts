/** Fills packs of one type, in the main thread: for what is not much, or is mostly copied. */
import type { BlobType } from './blob-table.ts';
import type { PackStore } from './pack-store.ts';
import { Packer, packBufferBytes } from './packer.ts';
import type { Repository } from './repository.ts';

/** The pack of one type that is being filled. */
export interface Lane {
  addSealed(id: Uint8Array, sealed: Uint8Array, rawLength: number): Promise<void>;
  add(id: Uint8Array, plain: Uint8Array): Promise<void>;
  finish(): Promise<void>;
}

export function openLane(repository: Repository, packs: PackStore, type: BlobType): Lane {
  const { sealer, config, level, packSizeBytes } = repository;
  const packer = new Packer({
    sealer,
    type,
    level: config.version < 2 ? undefined : level,
    targetBytes: packSizeBytes,
  });
  const buffers: ArrayBufferLike[] = [];

  async function finish(): Promise<void> {
    if (packer.isEmpty) return;
    const pack = packer.finish();
    await packs.put(pack);
    buffers.push(pack.buffer);
  }

  /** Another range may be filling the same pack: nothing may come between making room and adding. */
  async function withRoom(sizeBytes: number, add: () => void): Promise<void> {
    for (;;) {
      if (packer.needsBuffer) packer.useBuffer(buffers.pop() ?? new ArrayBuffer(packBufferBytes(packSizeBytes)));
      if (packer.hasRoom(sizeBytes)) break;
      await finish();
    }
    add();
    if (packer.isFull) await finish();
  }

  return {
    addSealed: (id, sealed, rawLength) => withRoom(sealed.length, () => packer.addSealed(id, sealed, rawLength)),
    add: (id, plain) => withRoom(plain.length, () => packer.add(id, plain)),
    finish,
  };
}
