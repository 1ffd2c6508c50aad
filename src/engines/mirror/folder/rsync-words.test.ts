import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../../sources/source.ts';
import { listenTo } from './rsync-words.ts';

const entry = (path: string) => ({ path, type: 'file' }) as Entry;
const ENTRIES = ['media/new\nline', 'media/b\udcffd', 'media/q"uo', 'media/x\\#123', 'media/sub/in', 'media/one'].map(
  entry,
);

function heard(...lines: readonly string[]) {
  const words = listenTo(ENTRIES, '/srv');
  for (const line of lines) words.hear(line);
  const { areUnderstood, leftOut, unread, warnings } = words;
  return { areUnderstood, leftOut, unread, codes: warnings.map(({ code }) => code) };
}

test('names of any byte are understood in what rsync says of files that may not be read, or are gone', () => {
  const may = (name: string) =>
    `rsync: [sender] send_files failed to open "/srv/media/${name}": Permission denied (13)`;
  const summary = 'rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1394)';
  const { leftOut, unread, ...said } = heard(
    ...['new\\#012line', 'b\\#377d', 'q"uo', 'x\\#134#123'].map(may),
    'rsync: [sender] link_stat "/srv/media/sub/in" failed: Permission denied (13)',
    'file has vanished: "/srv/media/one"',
    summary,
  );
  assert.deepEqual(
    leftOut,
    ENTRIES.map(({ path }) => path),
  );
  assert.deepEqual(unread, leftOut.slice(0, -1));
  const codes = [...Array(5).fill('entry.unreadable'), 'entry.vanished'];
  assert.deepEqual(said, { areUnderstood: true, codes });
});

test('anything else that rsync says is no mere warning', () => {
  const others = [
    'rsync: [sender] read errors mapping "/srv/media/one": Input/output error (5)',
    // A name that speaks like rsync.
    'rsync: [sender] read errors mapping "/srv/send_files failed to open "/srv/media/one": Permission denied (13)": Input/output error (5)',
    'rsync: [receiver] mkstemp "/copy/media/.one.x" failed: Permission denied (13)',
    'rsync: [sender] send_files failed to open "/srv/elsewhere": Permission denied (13)',
    'ERROR: media/one failed verification -- update discarded.',
    'rsync: [generator] chown "/copy/media/one" failed: Operation not permitted (1)',
  ];
  for (const line of others)
    assert.equal(heard('file has vanished: "/srv/media/one"', line).areUnderstood, false, line);
  assert.equal(heard().areUnderstood, false);
});

test('a file system without attributes is one warning', () => {
  const said = heard(
    'rsync: [receiver] rsync_xal_set: fsetxattr("/copy/media/.one.x","user.n") failed: Operation not supported (95)',
    'rsync: [receiver] set_acl: xacl_set(.one.x, ACL_TYPE_ACCESS): Operation not supported (95)',
  );
  assert.deepEqual(said, { areUnderstood: true, leftOut: [], unread: [], codes: ['attribute.unwritable'] });
});
