import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDraft, type Draft } from './draft.ts';
import { documentOf, fit } from './fit.ts';

/** A draft with one source and one repository that every version has. */
function draft(): Draft {
  const made = createDraft();
  made.put('sources', 'home', 'type', 'files');
  made.put('sources', 'home', 'paths', ['/home']);
  made.put('repositories', 'vault', 'type', 'restic');
  made.put('repositories', 'vault', 'store', 'file:vault');
  made.put('repositories', 'vault', 'password', { file: 'password' });
  made.put('jobs', 'main', 'sources', ['home']);
  made.put('jobs', 'main', 'to', ['vault']);
  return made;
}

test('what fits stays as it is', () => {
  const made = draft();
  assert.deepEqual(fit(made), { sections: made.sections, setAside: [], standIn: undefined });
});

test('a kind that there is not is set aside whole, and taken out of the jobs that name it', () => {
  const made = draft();
  made.put('sources', 'tape', 'type', 'tape');
  made.put('repositories', 'moon', 'type', 'restic');
  made.put('repositories', 'moon', 'store', 'moon:crater');
  made.put('repositories', 'moon', 'password', { env: 'X' });
  made.put('jobs', 'main', 'sources', ['home', 'tape']);
  made.put('jobs', 'main', 'to', ['vault', 'moon']);
  const { sections, setAside, standIn } = fit(made);
  assert.deepEqual(documentOf(sections), documentOf(draft().sections));
  assert.equal(standIn, undefined);
  assert.deepEqual(
    setAside.map(({ section, name, key, reason }) => [section, name, key, reason]),
    [
      ['sources', 'tape', undefined, 'there is no source of type tape'],
      ['repositories', 'moon', undefined, 'there is no store of kind moon'],
      ['jobs', 'main', 'sources', 'there is no source of type tape'],
      ['jobs', 'main', 'to', 'there is no store of kind moon'],
    ],
  );
});

test('a job whose repositories are all gone goes nowhere else', () => {
  const made = draft();
  made.put('repositories', 'moon', 'type', 'moon');
  made.put('jobs', 'far', 'sources', ['home']);
  made.put('jobs', 'far', 'to', ['moon']);
  const { sections, setAside } = fit(made);
  assert.deepEqual([...sections.jobs.keys()], ['main']);
  assert.deepEqual(setAside.at(-1)?.value, { sources: ['home'], to: ['moon'] });
});

test('where no repository is left, one stands in for all', () => {
  const made = draft();
  made.put('repositories', 'vault', 'type', 'moon');
  const { sections, standIn } = fit(made);
  assert.equal(standIn, 'vault');
  assert.deepEqual(sections.jobs.get('main')?.to, ['vault']);
  assert.equal(sections.repositories.get('vault')?.type, 'restic');
});

test('a job without sources is set aside', () => {
  const made = draft();
  made.put('sources', 'home', 'type', 'tape');
  const { sections } = fit(made);
  assert.deepEqual(Object.keys(documentOf(sections)), ['repositories']);
});

test('keys that are not known, or wrong, are set aside one by one, and items of lists too', () => {
  const made = draft();
  made.put('sources', 'home', 'colour', 'blue');
  made.put('sources', 'home', 'exclude', ['*.tmp', '[z-a]', '*.bak']);
  made.put('sources', 'home', 'after', ['nothing']);
  made.put('jobs', 'main', 'schedule', 'every day');
  made.put('jobs', 'main', 'keep', { daily: 0 });
  const { sections, setAside } = fit(made);
  assert.deepEqual(sections.sources.get('home'), { type: 'files', paths: ['/home'], exclude: ['*.tmp', '*.bak'] });
  assert.deepEqual(sections.jobs.get('main'), { sources: ['home'], to: ['vault'] });
  assert.deepEqual(setAside.map(({ key }) => key).sort(), ['after', 'colour', 'exclude', 'keep', 'schedule']);
  assert.deepEqual(setAside.find(({ key }) => key === 'exclude')?.value, ['*.tmp', '[z-a]', '*.bak']);
});
