/** What Surety and borg say to each other: names, comments, patterns, access control lists, sizes, messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aclValue } from './acl.ts';
import { type CommentDocument, decodeComment, encodeComment } from './comment.ts';
import { isWarned } from './exit-codes.ts';
import { borgFailure } from './failure.ts';
import { borgMessageSize } from './message-size.ts';
import { parseMessage } from './messages.ts';
import { archiveName, isCheckpoint } from './naming.ts';
import { includeLine } from './pattern.ts';

const TIME = new Date('2026-01-01T03:00:00.500Z');

test('a series has a name that no other begins with', () => {
  const taken = new Set(['media@web1:2026-01-01T03:00:00Z']);
  assert.equal(archiveName('media', 'web1', TIME, new Set()), 'media@web1:2026-01-01T03:00:00Z');
  assert.equal(archiveName('media', 'web1', TIME, taken), 'media@web1:2026-01-01T03:00:00Z-2');
  assert.equal(archiveName('a/b', 'odd {host}', TIME, taken), 'a_b@odd__host_:2026-01-01T03:00:00Z');
  assert.deepEqual(['a.checkpoint', 'a.checkpoint.1', 'a.checkpoints'].map(isCheckpoint), [true, true, false]);
});

test('a comment has no braces, which borg would replace, and comes back whole', () => {
  const comment: CommentDocument = {
    ...{ surety: 1, source: 'media', host: 'web1', paths: ['/srv/{odd}', 'é\udcff'], tags: ['a'], recoveryPoint: 'r' },
    ...{ time: TIME.toISOString(), user: 'me', program: 'surety', document: '.surety-snapshot.json' },
  };
  const text = encodeComment(comment);
  assert.match(text, /^[\x20-\x7a\x7c\x7e]+$/);
  assert.deepEqual(decodeComment(text), comment);
  for (const other of ['', 'by hand', '"surety":1', '"surety":2,"source":"x"']) {
    assert.equal(decodeComment(other), undefined);
  }
});

test('a pattern means one path, whatever its name', () => {
  assert.equal(includeLine('home/plain name'), '+ pf:home/plain name');
  assert.equal(includeLine('a/new\nline'), '+ re:^a/new\\u000aline\\Z');
  assert.equal(includeLine('a/\udcff'), '+ re:^a/\\udcff\\Z');
  assert.equal(includeLine(' b '), '+ re:^\\u0020b\\u0020\\Z');
});

test('access control lists become the attribute that the system has them in', () => {
  const value = aclValue('user::rw-\nuser:daemon:rwx:1\ngroup::r--\nmask::rwx\nother::r--\n');
  const entries = ['01000600ffffffff', '0200070001000000', '04000400ffffffff', '10000700ffffffff', '20000400ffffffff'];
  assert.equal(Buffer.from(value!).toString('hex'), `02000000${entries.join('')}`);
  assert.deepEqual(aclValue('user::rw-\nuser:1000:r--\ngroup::r--\nmask::r--\nother::---')?.length, 44);
  for (const text of ['', 'user:nobody-knows:rw-', 'nonsense']) assert.equal(aclValue(text), undefined);
});

test('sizes in messages are bytes', () => {
  const freed = /freed about (.*) repository space/;
  assert.equal(borgMessageSize(freed, 'compaction freed about 2.42 kB repository space.'), 2420);
  assert.equal(borgMessageSize(freed, 'compaction freed about 686 B repository space.'), 686);
  assert.equal(borgMessageSize(freed, 'something else'), 0);
});

test('each exit code of borg 1.4 is what its message is, also where that was lost', () => {
  const where = { place: { url: '/b', folder: '/b', shown: '/b', shell: undefined, env: {} } };
  const ended = (code: number, ...said: readonly string[]) => {
    const exit = { code, signal: null };
    const error = borgFailure({ ...where, program: 'borg', lockWaitMs: 1000 }, 'backup', exit, said.map(parseMessage));
    return (error as { code: string }).code;
  };
  const codes = { 3: 'failed', 4: 'failed', 10: 'exists', 11: 'version', 12: 'damaged', 13: 'missing', 15: 'missing' };
  const more = {
    16: 'damaged',
    17: 'damaged',
    18: 'failed',
    19: 'exists',
    25: 'version',
    26: 'damaged',
    27: 'version',
  };
  const keys = { 30: 'failed', 40: 'wrong-password', 42: 'wrong-password', 44: 'wrong-password', 47: 'version' };
  const words = {
    48: 'version',
    50: 'wrong-password',
    51: 'wrong-password',
    52: 'wrong-password',
    53: 'wrong-password',
  };
  const locks = { 60: 'failed', 61: 'failed', 62: 'failed', 64: 'failed', 70: 'locked', 71: 'locked', 73: 'locked' };
  const damage = {
    84: 'version',
    90: 'damaged',
    91: 'damaged',
    92: 'damaged',
    95: 'damaged',
    97: 'damaged',
    99: 'version',
  };
  for (const [code, what] of Object.entries({ ...codes, ...more, ...keys, ...words, ...locks, ...damage })) {
    assert.equal(ended(Number(code)), `repository.${what}`, code);
  }
  const stores = {
    14: 'full',
    20: 'full',
    21: 'denied',
    80: 'unavailable',
    81: 'unavailable',
    83: 'denied',
    87: 'unavailable',
  };
  for (const [code, what] of Object.entries(stores)) assert.equal(ended(Number(code)), `store.${what}`, code);
  assert.equal(ended(31), 'snapshot.unknown');
  // What was said counts more.
  assert.equal(
    ended(73, '{"type":"log_message","levelname":"ERROR","msgid":"PassphraseWrong"}'),
    'repository.wrong-password',
  );
  const isEnd = (code: number) => isWarned(code);
  assert.deepEqual([0, 1, 2, 99, 100, 105, 107, 127, 128, 143].filter(isEnd), [1, 100, 105, 107]);
});

test('the last words of borg are errors with what to do', () => {
  const where = { place: { url: '/b', folder: '/b', shown: '/b', shell: undefined, env: {} } };
  const codeOf = (line: string, code = 2) => {
    const messages = [parseMessage(line)];
    const error = borgFailure(
      { ...where, program: 'borg', lockWaitMs: 1000 },
      'backup',
      { code, signal: null },
      messages,
    );
    return (error as { code: string }).code;
  };
  const said = (msgid: string, message = 'x') =>
    JSON.stringify({ type: 'log_message', levelname: 'ERROR', msgid, message });
  assert.equal(codeOf(said('LockTimeout')), 'repository.locked');
  assert.equal(codeOf(said('PassphraseWrong')), 'repository.wrong-password');
  assert.equal(codeOf(said('Repository.InsufficientFreeSpaceError')), 'store.full');
  assert.equal(codeOf(said('IntegrityError')), 'repository.damaged');
  assert.equal(codeOf(said('Archive.DoesNotExist')), 'snapshot.unknown');
  const refused = said('ConnectionClosedWithHint', 'Remote: ssh: connect to host b: Connection refused');
  assert.equal(codeOf(refused), 'store.unavailable');
  const exit = { code: 2, signal: null };
  const error = borgFailure({ ...where, program: 'borg', lockWaitMs: 1000 }, 'backup', exit, [parseMessage(refused)]);
  assert.match(String(error), /\/b can not be reached: connect to host b: Connection refused$/);
  assert.equal(codeOf('OSError: [Errno 28] No space left on device'), 'store.full');
  assert.equal(codeOf('sh: 1: exec: borg: not found', 127), 'repository.failed');
  assert.equal(codeOf('unheard of'), 'repository.failed');
});
