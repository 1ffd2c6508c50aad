import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hearTar, tarWords } from './tar-words.ts';

test('what is said of a file counts, not the words in its name', () => {
  const kinds = (said: string) => tarWords(said).map(({ kind, path }) => [kind, path]);
  assert.deepEqual(
    kinds(
      [
        'tar: /u01/ORACLE/data.dbf: Read error at byte 0, while reading 512 bytes: Input/output error',
        'tar: ./xattr file changed as we read it: Cannot open: Permission denied',
        'tar: ./socket ignored: Cannot stat: No such file or directory',
        "tar: can't open 'capabilities': Permission denied",
        'tar: ./plain: Warning: Cannot llistxattr: Operation not permitted',
        'tar: ./pipe: socket ignored',
        "tar: Removing leading `/' from member names",
      ].join('\n'),
    ),
    [
      ['broken', '/u01/ORACLE/data.dbf'],
      ['denied', './xattr file changed as we read it'],
      ['gone', './socket ignored'],
      ['denied', 'capabilities'],
      ['xattr', './plain'],
    ],
  );
});

test('a file that could not be read is heard of before any number of words, and too many are not taken for all', () => {
  const heard = hearTar();
  const say = (text: string) => heard.add(Buffer.from(text));
  say('tar: /srv/o\\303\\250: Read er');
  say('ror at byte 0, while reading 512 bytes: Input/output error\n');
  for (let at = 0; at < 20_000; at++) say(`tar: /srv/closed/${at}: Cannot open: Permission denied\n`);
  say('tar: Exiting with failure status due to previous errors');
  const words = heard.words() ?? [];
  assert.deepEqual([words.length, words[0]?.kind, words[0]?.path], [20_001, 'broken', '/srv/oè']);
  for (let at = 0; at < 20; at++) say('tar: ./x: Cannot open: Permission denied\n'.repeat(10_000));
  assert.equal(heard.words(), undefined);
});
