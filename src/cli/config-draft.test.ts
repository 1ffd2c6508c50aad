import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../config/parse.ts';
import { compileExclusion } from '../sources/files/exclude.ts';
import { DEFAULT_EXCLUDES } from '../sources/files/options.ts';
import { draftConfig } from './config-draft.ts';
import { USUAL_EXCLUDES } from './draft-excludes.ts';

const answers = {
  folders: ['/srv/my [data]', 'notes'],
  databases: ['/srv/my [data]/app.db'],
  store: '/srv/my [data]/backup/vault',
  password: { file: 'password' },
  keep: { daily: 7 },
  schedule: undefined,
};

test('a repository inside of a folder is left out of its files, and nothing else is', () => {
  const text = draftConfig(answers, '/srv/my [data]/backup');
  const { sources } = parse(text);
  assert.equal(sources.notes.exclude, undefined);
  const exclusion = compileExclusion(sources['my-data'].exclude);
  const left = ['backup/vault', 'x.saving'];
  for (const name of left)
    assert.ok(exclusion.excludes(`/srv/my [data]/${name}`, name.split('/').at(-1)!, false), name);
  for (const name of ['old/backup/notes', 'vault'])
    assert.ok(!exclusion.excludes(`/srv/my [data]/${name}`, name.split('/').at(-1)!, false), name);
  const file = '/srv/my [data]/backup/surety.yaml';
  assert.deepEqual(parseConfig({ file, shownAs: file, text, mode: 0o644 }).warnings, []);
});

test('a folder that is the whole machine has its own patterns too', () => {
  const { sources } = parse(draftConfig({ ...answers, folders: ['/'], databases: [] }, '/etc'));
  assert.ok(sources.files.exclude.includes('/srv/my \\[data\\]/backup/vault'));
});

test('what is left out anyway stays so', () => {
  assert.deepEqual(USUAL_EXCLUDES, DEFAULT_EXCLUDES);
});
