import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { encodeName, systemPath } from '../names.ts';
import { getXattr, makeDevice, makeFifo, setPathTimes, setXattr } from '../posix.ts';
import { collectBytes } from '../streams.ts';
import { packTar, type TarMember } from './pack.ts';
import { TarReader } from './reader.ts';
import type { TarEntry } from './tar-entry.ts';

const NO_ROOT = process.getuid?.() === 0 ? false : 'needs root';
const LONG = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`;
const ODD = 'tab\tline\n"quotes" \udcff\udcfe';
const TIME = 1_234_567_890_123_456_789n;

function folder(): Disposable & { readonly path: string } {
  const path = fs.mkdtempSync(join(tmpdir(), 'surety-tar-'));
  return { path, [Symbol.dispose]: () => fs.rmSync(path, { recursive: true }) };
}

function entry(name: string, type: TarEntry['type'], more: Partial<TarEntry> = {}): TarEntry {
  const owner = { uid: 1234, gid: 2345, user: 'nobody-here', group: 'none-here' };
  return { name, type, mode: 0o640, ...owner, mtimeNs: TIME, sizeBytes: 0, xattrs: [], ...more };
}

async function archiveOf(members: readonly TarMember[]): Promise<Uint8Array> {
  async function* all() {
    yield* members;
  }
  return await collectBytes(packTar(all()));
}

async function read(path: string): Promise<{ entry: TarEntry; bytes: Uint8Array }[]> {
  await using reader = new TarReader(fs.createReadStream(path));
  const found: { entry: TarEntry; bytes: Uint8Array }[] = [];
  for (let next = await reader.next(); next !== undefined; next = await reader.next()) {
    found.push({ entry: { ...next, xattrs: [...next.xattrs] }, bytes: await collectBytes(reader.content()) });
  }
  return found;
}

function file(name: string, content: string | Uint8Array, more: Partial<TarEntry> = {}): TarMember {
  const bytes = Buffer.from(content);
  return { entry: entry(name, 'file', { sizeBytes: bytes.length, ...more }), content: [bytes] };
}

test('GNU tar extracts what is written, with all metadata and without a word', { skip: NO_ROOT }, async () => {
  using scratch = folder();
  const acl = Buffer.from(
    '0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000000ffffffff',
    'hex',
  );
  const members: TarMember[] = [
    { entry: entry('top', 'dir', { mode: 0o1750 }) },
    file('top/plain', 'content'),
    file(`top/${ODD}`, 'odd'),
    file(`top/${LONG}`, 'x'.repeat(100_000)),
    file(`top/${LONG}\udcff`, 'long and not UTF-8'),
    file('top/attributes', 'a', {
      mode: 0o4640,
      xattrs: [
        { name: 'user.binary', value: Buffer.from([0, 10, 61, 255]) },
        { name: 'user.a=b%3D', value: Buffer.from('equals') },
        { name: 'system.posix_acl_access', value: acl },
      ],
    }),
    file('top/old', 'before 1970', { mtimeNs: -1_500_000_000n }),
    { entry: entry('top/symlink', 'symlink', { linkTarget: `../${LONG}/\udcff` }) },
    { entry: entry('top/again', 'hardlink', { linkTarget: 'top/plain' }) },
    { entry: entry('top/pipe', 'fifo') },
    { entry: entry('top/device', 'chardev', { device: { major: 1, minor: 300 } }) },
    file('top/owner', 'o', { uid: 3_000_000_000, gid: 2_500_000_000, user: '', group: '' }),
  ];
  const archive = join(scratch.path, 'archive.tar');
  fs.writeFileSync(archive, await archiveOf(members));
  const options = ['--xattrs', '--xattrs-include=*', '--same-owner', '-xpf', archive, '-C', scratch.path];
  const said = execFileSync('sh', ['-c', 'exec tar "$@" 2>&1', 'sh', ...options], { encoding: 'utf8' });
  assert.match(said, /^(tar: top\/old: implausibly old time stamp [-0-9 :.]+\n)?$/);
  for (const { entry: wanted, content } of members) {
    const path = join(scratch.path, wanted.name);
    const stats = fs.lstatSync(systemPath(path), { bigint: true });
    if (wanted.type !== 'symlink' && wanted.type !== 'hardlink')
      assert.equal(Number(stats.mode) & 0o7777, wanted.mode, wanted.name);
    if (wanted.type !== 'hardlink')
      assert.deepEqual(
        [stats.uid, stats.gid, stats.mtimeNs],
        [BigInt(wanted.uid), BigInt(wanted.gid), wanted.mtimeNs],
        wanted.name,
      );
    if (content !== undefined)
      assert.deepEqual(fs.readFileSync(systemPath(path)), Buffer.concat([...(content as Buffer[])]));
    for (const { name, value } of wanted.xattrs) assert.deepEqual(getXattr(path, name), Buffer.from(value), name);
  }
  const target = fs.readlinkSync(join(scratch.path, 'top/symlink'), 'buffer');
  assert.deepEqual(target, encodeName(`../${LONG}/\udcff`));
  const inodeOf = (name: string) => fs.statSync(join(scratch.path, name)).ino;
  assert.equal(inodeOf('top/again'), inodeOf('top/plain'));
  assert.equal(fs.statSync(join(scratch.path, 'top/device')).rdev, 1 * 256 + (300 & 0xff) + ((300 & ~0xff) << 12));
});

function makeTree(top: string): void {
  fs.mkdirSync(join(top, 't'));
  fs.mkdirSync(join(top, 't', 'd'.repeat(120)));
  fs.writeFileSync(join(top, 't', 'd'.repeat(120), 'e'.repeat(200)), 'deep');
  fs.writeFileSync(systemPath(join(top, 't', ODD)), 'odd');
  fs.writeFileSync(join(top, 't', 'plain'), 'x'.repeat(1025), { mode: 0o604 });
  fs.linkSync(join(top, 't', 'plain'), join(top, 't', 'zlink'));
  fs.symlinkSync('s'.repeat(300), join(top, 't', 'symlink'));
  makeFifo(join(top, 't', 'pipe'), 0o600);
  setXattr(join(top, 't', 'plain'), 'user.note', Buffer.from([0, 61, 255]));
  setPathTimes(join(top, 't', 'plain'), TIME);
  if (process.getuid?.() === 0) makeDevice(join(top, 't', 'device'), 'block', 0o600, 7n * 256n + 3n);
}

for (const format of ['posix', 'gnu', 'oldgnu', 'ustar', 'v7']) {
  test(`what GNU tar writes as ${format} is read`, async () => {
    using scratch = folder();
    makeTree(scratch.path);
    const archive = join(scratch.path, 'archive.tar');
    const isPlain = format === 'ustar' || format === 'v7';
    const what = isPlain ? ['t/plain', 't/zlink', `t/${'d'.repeat(20)}*`] : ['t'];
    const options = [
      `--format=${format}`,
      '--numeric-owner',
      ...(format === 'posix' ? ['--xattrs'] : []),
      '--sort=name',
    ];
    fs.mkdirSync(join(scratch.path, 't', 'd'.repeat(20)));
    execFileSync('tar', [
      ...options,
      '-cf',
      archive,
      '-C',
      scratch.path,
      ...(isPlain ? [...what.slice(0, 2), `t/${'d'.repeat(20)}`] : what),
    ]);
    const found = new Map((await read(archive)).map((one) => [one.entry.name, one]));
    const plain = found.get('t/plain')!;
    assert.equal(Buffer.from(plain.bytes).toString(), 'x'.repeat(1025));
    assert.equal(plain.entry.mode, 0o604);
    assert.equal(plain.entry.mtimeNs, format === 'posix' ? TIME : (TIME / 1_000_000_000n) * 1_000_000_000n);
    assert.deepEqual(
      [found.get('t/zlink')?.entry.type, found.get('t/zlink')?.entry.linkTarget],
      ['hardlink', 't/plain'],
    );
    assert.equal(found.get(`t/${'d'.repeat(20)}`)?.entry.type, 'dir');
    if (format === 'posix')
      assert.deepEqual(plain.entry.xattrs, [{ name: 'user.note', value: Buffer.from([0, 61, 255]) }]);
    if (isPlain) return;
    assert.equal(Buffer.from(found.get(`t/${'d'.repeat(120)}/${'e'.repeat(200)}`)!.bytes).toString(), 'deep');
    assert.equal(Buffer.from(found.get(`t/${ODD}`)!.bytes).toString(), 'odd');
    assert.equal(found.get('t/symlink')?.entry.linkTarget, 's'.repeat(300));
    assert.equal(found.get('t/pipe')?.entry.type, 'fifo');
    if (NO_ROOT === false) assert.deepEqual(found.get('t/device')?.entry.device, { major: 7, minor: 3 });
  });
}

test('what Python writes is read', async () => {
  using scratch = folder();
  makeTree(scratch.path);
  const archive = join(scratch.path, 'archive.tar');
  const code = 'import sys, tarfile\nwith tarfile.open(sys.argv[1], "w") as tar: tar.add(sys.argv[2], arcname="t")';
  execFileSync('python3', ['-c', code, archive, join(scratch.path, 't')]);
  const found = new Map((await read(archive)).map((one) => [one.entry.name, one]));
  assert.equal(Buffer.from(found.get(`t/${'d'.repeat(120)}/${'e'.repeat(200)}`)!.bytes).toString(), 'deep');
  assert.equal(Buffer.from(found.get(`t/${ODD}`)!.bytes).toString(), 'odd');
  assert.equal(found.get('t/symlink')?.entry.linkTarget, 's'.repeat(300));
});

test('a sparse file of GNU tar is read with its holes; one in an old format is refused', async () => {
  using scratch = folder();
  const sparse = join(scratch.path, 'sparse');
  fs.writeFileSync(sparse, 'head');
  fs.truncateSync(sparse, 10_000_000);
  fs.appendFileSync(sparse, 'tail');
  fs.truncateSync(sparse, 20_000_000);
  const archive = (format: string) => {
    const file = join(scratch.path, `${format}.tar`);
    execFileSync('tar', ['-S', `--format=${format}`, '-cf', file, '-C', scratch.path, 'sparse']);
    return file;
  };
  const [found] = await read(archive('posix'));
  assert.equal(found?.entry.name, 'sparse');
  assert.ok(Buffer.from(found.bytes).equals(fs.readFileSync(sparse)));
  assert.ok(fs.statSync(archive('posix')).size < 100_000);
  await assert.rejects(read(archive('gnu')), { code: 'tar.unsupported' });
});
