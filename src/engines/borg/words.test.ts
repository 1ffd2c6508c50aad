/** What Surety and borg say to each other: names, comments, patterns, access control lists, sizes, messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aclValue } from './acl.ts';
import { type CommentDocument, decodeComment, encodeComment } from './comment.ts';
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
  assert.equal(
    codeOf(said('ConnectionClosedWithHint', 'Remote: ssh: connect to host b: Connection refused')),
    'store.unavailable',
  );
  assert.equal(codeOf('OSError: [Errno 28] No space left on device'), 'store.full');
  assert.equal(codeOf('sh: 1: exec: borg: not found', 127), 'repository.failed');
  assert.equal(codeOf('unheard of'), 'repository.failed');
});
