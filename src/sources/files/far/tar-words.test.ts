import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tarWords } from './tar-words.ts';

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
