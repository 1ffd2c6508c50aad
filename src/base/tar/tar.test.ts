import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { collectBytes } from '../streams.ts';
import { packTar, type TarMember } from './pack.ts';
import { TarReader } from './reader.ts';
import type { TarEntry } from './tar-entry.ts';

const TYPES = ['file', 'dir', 'symlink', 'hardlink', 'fifo', 'chardev', 'dev'] as const;
const unit = fc.oneof(
  fc.constantFrom('a', 'é', '😀', '\udc80', '\udcff', ' ', '\n', '=', '\\'),
  fc.constantFrom('x'.repeat(60), 'y'.repeat(155)),
);
const part = fc.array(unit, { minLength: 1, maxLength: 4 }).map(
  (units) =>
    Buffer.from(
      units
        .join('')
        .replace(/[\udc80-\udcff]/g, '')
        .toWellFormed(),
    ).toString() + (units.includes('\udcff') ? '\udcff' : ''),
);
const name = fc
  .array(
    part.filter((text) => text !== ''),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) => parts.join('/'));
const id = fc.oneof(fc.nat(70_000), fc.nat(0xffff_ffff));

const member = fc
  .record({
    name,
    type: fc.constantFrom(...TYPES),
    mode: fc.nat(0o7777),
    ...{ uid: id, gid: id },
    user: fc.constantFrom('', 'root', 'u'.repeat(31), 'ü'.repeat(40)),
    group: fc.constantFrom('', 'staff', 'g'.repeat(32)),
    mtimeNs: fc.bigInt(-(10n ** 19n), 10n ** 20n),
    content: fc.uint8Array({ maxLength: 1600 }),
    target: name,
    xattrs: fc.uniqueArray(
      fc.record({ name: fc.constantFrom('user.a', 'user.=%', 'user.é'), value: fc.uint8Array() }),
      {
        selector: (one) => one.name,
      },
    ),
  })
  .map(({ content, target, ...one }): { entry: TarEntry; bytes: Uint8Array } => {
    const isLink = one.type === 'symlink' || one.type === 'hardlink';
    const isDevice = one.type === 'chardev' || one.type === 'dev';
    const bytes = one.type === 'file' ? content : new Uint8Array();
    const more = { ...(isLink && { linkTarget: target }), ...(isDevice && { device: { major: 8, minor: 70_000 } }) };
    return { entry: { ...one, sizeBytes: bytes.length, ...more }, bytes };
  });

async function archiveOf(members: readonly TarMember[]): Promise<Uint8Array> {
  async function* all() {
    yield* members;
  }
  return await collectBytes(packTar(all()));
}

/** In pieces that fit no block. */
async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function read(bytes: Uint8Array, size = 777): Promise<{ entry: TarEntry; bytes: Uint8Array }[]> {
  await using reader = new TarReader(inParts(bytes, size));
  const found: { entry: TarEntry; bytes: Uint8Array }[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    found.push({ entry, bytes: await collectBytes(reader.content()) });
  }
  return found;
}

function plain({ entry, bytes }: { readonly entry: TarEntry; readonly bytes: Uint8Array }): object {
  const xattrs = entry.xattrs.map(({ name, value }) => [name, Buffer.from(value).toString('hex')]).sort();
  return { ...entry, xattrs, bytes: Buffer.from(bytes).toString('hex') };
}

test('what is written is read back, whatever the names, numbers and times', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 5 }), fc.integer({ min: 1, max: 3000 }), async (members, size) => {
      const archive = await archiveOf(members.map(({ entry, bytes }) => ({ entry, content: [bytes] })));
      assert.equal(archive.length % 512, 0);
      assert.deepEqual((await read(archive, size)).map(plain), members.map(plain));
    }),
    { numRuns: 150 },
  );
});

const FILE: TarEntry = {
  ...{ name: 'file', type: 'file', mode: 0o644, uid: 0, gid: 0, user: '', group: '', mtimeNs: 0n },
  ...{ sizeBytes: 700, xattrs: [] },
};

test('content that is not taken is passed over', async () => {
  const bytes = await archiveOf([
    { entry: FILE, content: [new Uint8Array(700)] },
    { entry: { ...FILE, name: 'next', sizeBytes: 3 }, content: [Buffer.from('abc')] },
  ]);
  await using reader = new TarReader(inParts(bytes, 100));
  await reader.next();
  for await (const _ of reader.content()) break;
  assert.equal((await reader.next())?.name, 'next');
  assert.equal(Buffer.from(await collectBytes(reader.content())).toString(), 'abc');
  assert.equal(await reader.next(), undefined);
});

test('an archive that is cut off anywhere is an error', async () => {
  const bytes = await archiveOf([{ entry: { ...FILE, mtimeNs: 5n }, content: [new Uint8Array(700)] }]);
  for (const end of [0, 100, 512, 700, 1024, 1536, 2000, bytes.length - 1024]) {
    await assert.rejects(read(bytes.subarray(0, end)), { code: 'tar.truncated' }, `${end}`);
  }
});

test('a changed byte in a header is an error', async () => {
  const bytes = await archiveOf([{ entry: FILE, content: [new Uint8Array(700)] }]);
  bytes[3]! ^= 1;
  await assert.rejects(read(bytes), { code: 'tar.damaged' });
});

test('content of another size than announced is an error', async () => {
  for (const size of [699, 701]) {
    await assert.rejects(archiveOf([{ entry: FILE, content: [new Uint8Array(size)] }]), { code: 'tar.size' });
  }
});

test('the size of a file of more than 8 GiB is kept', async () => {
  const huge = 2 ** 40 + 1;
  async function* endless() {
    for (;;) yield Buffer.alloc(1 << 16);
  }
  async function* one(): AsyncGenerator<TarMember> {
    yield { entry: { ...FILE, sizeBytes: huge }, content: endless() };
  }
  await using reader = new TarReader(packTar(one()));
  assert.equal((await reader.next())?.sizeBytes, huge);
});
