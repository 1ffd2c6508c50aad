import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { makeScratch } from '../../test/fixtures/files-source.ts';
import { isRoot } from './environment.ts';
import { encodeName } from './names.ts';
import {
  accountName,
  getXattr,
  listXattrs,
  makeDevice,
  makeFifo,
  nextData,
  nextHole,
  posixProblem,
  removeXattr,
  setPathTimes,
  setTimes,
  setXattr,
} from './posix.ts';

const MODULE = new URL('./posix.ts', import.meta.url).href;
const TIMES = [0n, 1n, 1_709_251_199_123_456_789n, 4_133_980_800_000_000_001n, -1n, -1_249_999_999n, -2_000_000_000n];

function mtimeNs(path: string | Buffer): bigint {
  return fs.lstatSync(path, { bigint: true }).mtimeNs;
}

test('the C library is there on the machines that tests run on', () => {
  assert.equal(posixProblem(), undefined);
});

test('times are set to the nanosecond, by open file and by path, also before 1970', () => {
  using scratch = makeScratch();
  const path = join(scratch.path, 'file');
  const fd = fs.openSync(path, 'w');
  for (const time of TIMES) {
    setTimes(fd, time);
    assert.equal(mtimeNs(path), time);
    setPathTimes(path, time + 1n);
    assert.equal(mtimeNs(path), time + 1n);
  }
  fs.closeSync(fd);
});

test('the time of a link is its own, and the access time stays', () => {
  using scratch = makeScratch();
  const [file, link] = [join(scratch.path, 'file'), join(scratch.path, 'link')];
  fs.writeFileSync(file, '');
  fs.symlinkSync('file', link);
  const before = fs.statSync(file, { bigint: true });
  setPathTimes(link, 5n);
  assert.equal(mtimeNs(link), 5n);
  assert.equal(mtimeNs(file), before.mtimeNs);
  setPathTimes(file, 7n);
  assert.equal(fs.statSync(file, { bigint: true }).atimeNs, before.atimeNs);
});

test('a worker thread sets times too', async () => {
  using scratch = makeScratch();
  const path = join(scratch.path, 'file');
  fs.writeFileSync(path, '');
  const code = `
    import fs from 'node:fs';
    import { setTimes } from ${JSON.stringify(MODULE)};
    setTimes(fs.openSync(${JSON.stringify(path)}, 'r+'), 123456789n);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  assert.equal(mtimeNs(path), 123_456_789n);
});

test('attributes come back byte for byte, large and empty ones too, from any name', () => {
  using scratch = makeScratch();
  const path = `${scratch.path}/odd \udce9`;
  fs.writeFileSync(encodeName(path), '');
  assert.deepEqual(listXattrs(path), []);
  const values = {
    'user.empty': Buffer.alloc(0),
    'user.nul': Buffer.from([0, 255, 10]),
    'user.long': Buffer.alloc(2000, 7),
  };
  for (const [name, value] of Object.entries(values)) setXattr(path, name, value);
  setXattr(path, 'user.\udcff', Buffer.from('x'));
  assert.deepEqual(listXattrs(path).sort(), [...Object.keys(values), 'user.\udcff'].sort());
  for (const [name, value] of Object.entries(values)) assert.deepEqual(getXattr(path, name), value);
  assert.deepEqual(getXattr(path, 'user.\udcff'), Buffer.from('x'));
  removeXattr(path, 'user.long');
  removeXattr(path, 'user.long');
  assert.equal(getXattr(path, 'user.long'), undefined);
});

test('an attribute longer than the usual buffer is read whole', (t) => {
  using scratch = makeScratch();
  const mount = join(scratch.path, 'tmpfs');
  fs.mkdirSync(mount);
  if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', mount]).status !== 0) return t.skip('can not mount');
  try {
    fs.writeFileSync(join(mount, 'file'), '');
    // The kernel's limit for one value.
    const value = Buffer.alloc(65_536, 3);
    setXattr(join(mount, 'file'), 'user.longest', value);
    assert.deepEqual(getXattr(join(mount, 'file'), 'user.longest'), value);
  } finally {
    execFileSync('umount', [mount]);
  }
});

test('attributes of a link are not those of what it points to', () => {
  using scratch = makeScratch();
  fs.writeFileSync(join(scratch.path, 'file'), '');
  fs.symlinkSync('file', join(scratch.path, 'link'));
  setXattr(join(scratch.path, 'file'), 'user.a', Buffer.from('b'));
  assert.deepEqual(listXattrs(join(scratch.path, 'link')), []);
  assert.throws(() => setXattr(join(scratch.path, 'link'), 'user.a', Buffer.from('c')), { code: 'EPERM' });
});

test('an ACL is an attribute', () => {
  using scratch = makeScratch();
  const [one, two] = [join(scratch.path, 'one'), join(scratch.path, 'two')];
  for (const path of [one, two]) fs.writeFileSync(path, '');
  execFileSync('setfacl', ['-m', 'u:1234:r--,g:2345:rw-', one]);
  setXattr(two, 'system.posix_acl_access', getXattr(one, 'system.posix_acl_access')!);
  const acl = (path: string) => execFileSync('getfacl', ['-cnp', path], { encoding: 'utf8' });
  assert.equal(acl(two), acl(one));
});

test('failures are system errors that say which call and path', () => {
  const missing = '/nowhere/at \udcff all';
  const facts = { code: 'ENOENT', errno: -2, path: missing };
  assert.throws(() => listXattrs(missing), { ...facts, syscall: 'llistxattr', message: /ENOENT: no such file.*\\xff/ });
  assert.throws(() => setPathTimes(missing, 0n), { ...facts, syscall: 'utimensat' });
  assert.throws(() => makeFifo(missing, 0o600), { ...facts, syscall: 'mkfifo' });
  assert.throws(() => setTimes(99_999, 0n), { code: 'EBADF' });
  assert.throws(() => listXattrs('/tmp\0/x'), { code: 'EINVAL' });
});

test('fifos and devices are made, and never in the place of something', { skip: !isRoot() && 'needs root' }, () => {
  using scratch = makeScratch();
  const place = (name: string) => `${scratch.path}/${name}`;
  makeFifo(place('fifo \udcff'), 0o640);
  assert.ok(fs.lstatSync(encodeName(place('fifo \udcff'))).isFIFO());
  const number = fs.statSync('/dev/null', { bigint: true }).rdev;
  makeDevice(place('null'), 'char', 0o600, number);
  makeDevice(place('block'), 'block', 0o600, (0x12345n & 0xffn) | ((0x12345n & ~0xffn) << 12n) | (0x1ffn << 8n));
  assert.equal(fs.statSync(place('null'), { bigint: true }).rdev, number);
  assert.equal(
    execFileSync('stat', ['-c', '%F %Hr %Lr', place('block')], { encoding: 'utf8' }).trim(),
    `block special file 511 ${0x12345}`,
  );
  assert.throws(() => makeFifo(place('null'), 0o600), { code: 'EEXIST' });
  assert.throws(() => makeDevice(place('null'), 'char', 0o600, number), { code: 'EEXIST' });
});

test('holes and data of a sparse file are found', () => {
  using scratch = makeScratch();
  const fd = fs.openSync(join(scratch.path, 'sparse'), 'w+');
  fs.ftruncateSync(fd, 8 * 2 ** 20);
  fs.writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 2 ** 20);
  assert.equal(nextData(fd, 0), 2 ** 20);
  assert.equal(nextHole(fd, 2 ** 20), 2 ** 20 + 4096);
  assert.equal(nextData(fd, 2 ** 21), -1);
  assert.equal(nextHole(fd, 8 * 2 ** 20), -1);
  fs.closeSync(fd);
});

test('accounts are known by number', () => {
  assert.deepEqual([accountName('user', 0), accountName('group', 0)], ['root', 'root']);
  assert.equal(accountName('user', 3_999_999_999), '');
});

test('without native addons everything still runs with what node has', () => {
  using scratch = makeScratch();
  const code = `
    import fs from 'node:fs';
    import * as posix from ${JSON.stringify(MODULE)};
    process.chdir(${JSON.stringify(scratch.path)});
    fs.writeFileSync('file', 'data');
    fs.symlinkSync('file', 'link');
    const fd = fs.openSync('file', 'r+');
    posix.setTimes(fd, 1_500_000_000_250_000_000n);
    posix.setPathTimes('link', 1_400_000_000_500_000_000n);
    posix.makeFifo('fifo', 0o600);
    let refused;
    try { posix.setXattr('file', 'user.a', Buffer.from('b')); } catch (error) { refused = error.code; }
    console.log(JSON.stringify({
      problem: posix.posixProblem() !== undefined, refused, listed: posix.listXattrs('file'),
      data: [posix.nextData(fd, 1), posix.nextHole(fd, 1)],
      times: ['file', 'link'].map((name) => Math.round(fs.lstatSync(name).mtimeMs)), fifo: fs.lstatSync('fifo').isFIFO(),
    }));`;
  const flags = ['--no-addons', '--input-type=module', '-e', code];
  const output = execFileSync(process.execPath, flags, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.deepEqual(JSON.parse(output), {
    problem: true,
    refused: 'ENOTSUP',
    listed: [],
    data: [1, 4],
    times: [1_500_000_000_250, 1_400_000_000_500],
    fifo: true,
  });
});
