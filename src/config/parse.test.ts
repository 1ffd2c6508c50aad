import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { findNamed, sourceInside } from './config.ts';
import { renderProblem } from './explain.ts';
import { checkConfig, parseConfig } from './parse.ts';
import type { RawConfig } from './read.ts';

const TESTDATA = join(import.meta.dirname, 'testdata');

for (const file of readdirSync(TESTDATA).filter((name) => name.endsWith('.yaml'))) {
  test(`${file} is answered with the errors and warnings of its golden file`, (t) => {
    const text = readFileSync(join(TESTDATA, file), 'utf8');
    const { errors, warnings } = checkConfig(raw(text, 0o644));
    const lines = [
      ...errors.map((e) => `error ${renderProblem(e)}`),
      ...warnings.map((w) => `warning ${renderProblem(w)}`),
    ];
    const golden = join(TESTDATA, `${basename(file, '.yaml')}.txt`);
    t.assert.fileSnapshot(`${lines.join('\n')}\n`, golden, { serializers: [String] });
  });
}

const VAULT = `
repositories:
  vault: { type: restic, store: file:data/vault, password: { file: secret/password } }`;

test('a home folder in a path is that of the host it is on', () => {
  const config = parsed(`
hosts: { main: { ssh: backup@main } }
sources:
  here: { type: files, paths: [~/pictures] }
  there: { type: files, host: main, paths: [~/pictures] }
  stopped: { type: service, host: main, stop: a, start: b, of: { type: files, paths: [~/pictures] } }
${VAULT}`);
  const paths = config.sources.map(sourceInside).map(({ options }) => 'paths' in options && options.paths);
  assert.deepEqual(paths, [[`${homedir()}/pictures`], ['~/pictures'], ['~/pictures']]);
});

test('a whole configuration is parsed, with defaults filled in and places resolved', () => {
  const config = parsed(`
sources:
  app: { type: sqlite, path: data/app.db, rpo: 24h, rto: 90m, importance: must }
  media: { type: files, paths: [media, ~/pictures], after: [app] }
${VAULT}
jobs:
  nightly:
    sources: [media, app]
    to: [vault]
    schedule: '7 3 * * *'
    time_zone: Europe/London
    keep: { last: 3, daily: all, within: 7d, within_monthly: 365d, tags: [pin, [a, b]] }
`);
  const [app, media] = config.sources;
  assert.equal(config.directory, '/etc/here');
  assert.deepEqual(
    [app?.kind, app?.host, app?.importance, app?.rpoMs, app?.rtoMs],
    ['sqlite', 'local', 'must', 86_400_000, 5_400_000],
  );
  assert.deepEqual([media?.importance, media?.rpoMs, media?.after], ['should', undefined, ['app']]);
  assert.ok(media?.kind === 'files');
  assert.deepEqual(media.options.paths, ['media', join(homedir(), 'pictures')]);
  assert.deepEqual(config.repositories, [
    {
      name: 'vault',
      kind: 'restic',
      store: { kind: 'file', options: { path: '/etc/here/data/vault' } },
      cleanupStore: undefined,
      use: {
        limit: [],
        connections: undefined,
        appendOnly: false,
        lockForMs: undefined,
        cache: { use: true, path: undefined, sizeBytes: undefined },
      },
      location: { administrator: undefined, site: undefined },
      verifyAfter: undefined,
      options: { password: { file: '/etc/here/secret/password' }, compressionLevel: 3, packSizeBytes: 16 * 2 ** 20 },
    },
  ]);
  assert.deepEqual(config.jobs, [
    {
      name: 'nightly',
      sources: ['media', 'app'],
      to: ['vault'],
      copyTo: [],
      schedule: '7 3 * * *',
      timeZone: 'Europe/London',
      keep: {
        last: 3,
        daily: 'all',
        withinMs: 7 * 86_400_000,
        periodsWithinMs: { monthly: 365 * 86_400_000 },
        tags: [['pin'], ['a', 'b']],
      },
      keepIn: {},
      newestWithinMs: 7 * 86_400_000,
      hooks: { before: [], after: [] },
      notifyOn: undefined,
      parallel: 2,
      stallMs: 1_800_000,
      limitMs: undefined,
      verifyAfter: undefined,
    },
  ]);
});

test('hooks are short or long, and their defaults depend on when they run', () => {
  const config = parsed(`
sources:
  a:
    type: files
    paths: [/a]
    role: blobs
    hooks: { before: [{ run: [mount, /a], on_failure: warn }], after: [{ run: umount /a, timeout: 10s, when: failure }] }
${VAULT}
jobs:
  n: { sources: [a], to: [vault], hooks: { before: [date, [touch, x]], after: [date] }, stall_timeout: 0, time_limit: 2h, verify_after: true }
`);
  const hook = { timeoutMs: 300_000, when: 'always' };
  const [source] = config.sources;
  assert.equal(source?.role, 'blobs');
  assert.deepEqual(source?.hooks, {
    before: [{ ...hook, run: ['mount', '/a'], onFailure: 'warn' }],
    after: [{ run: 'umount /a', timeoutMs: 10_000, onFailure: 'warn', when: 'failure' }],
  });
  const [job] = config.jobs;
  assert.deepEqual(job?.hooks, {
    before: [
      { ...hook, run: 'date', onFailure: 'abort' },
      { ...hook, run: ['touch', 'x'], onFailure: 'abort' },
    ],
    after: [{ ...hook, run: 'date', onFailure: 'warn' }],
  });
  assert.deepEqual([job?.stallMs, job?.limitMs, job?.verifyAfter], [0, 7_200_000, 'data']);
});

test('a configuration without jobs has one: all sources to all repositories', () => {
  const config = parsed(`sources: { a: { type: files, paths: [/a] }, b: { type: files, paths: [/b] } }${VAULT}`);
  assert.deepEqual(
    config.jobs.map(({ name, sources, to, keep }) => ({ name, sources, to, keep })),
    [{ name: 'all', sources: ['a', 'b'], to: ['vault'], keep: undefined }],
  );
});

test('a configuration of repositories only is enough to restore, and has no job', () => {
  assert.deepEqual(parsed(VAULT).jobs, []);
});

test('the configuration can not be changed, at any depth', () => {
  const config = parsed(`sources: { a: { type: files, paths: [/a] } }${VAULT}`);
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  assert.ok(frozen(config));
});

test('a plain password is nowhere in what the configuration prints', () => {
  const config = parsed('repositories: { v: { type: restic, store: file:v, password: hunter2 } }');
  const [repository] = config.repositories;
  assert.ok(repository?.kind === 'restic' && 'plain' in repository.options.password);
  assert.equal(repository.options.password.plain.reveal(), 'hunter2');
  const shown = inspect(config, { depth: 20, showHidden: true }) + JSON.stringify(config);
  assert.ok(!shown.includes('hunter2'));
});

test('that others can read the file matters only where it holds a secret', () => {
  const texts = (text: string, mode: number) => checkConfig(raw(text, mode)).warnings.map(({ message }) => message);
  const plain = 'repositories: { v: { type: restic, store: file:v, password: hunter2 } }';
  assert.equal(texts(plain, 0o644).length, 2);
  assert.deepEqual(texts(plain, 0o640), ['the secret stands in the configuration itself']);
  assert.deepEqual(texts(VAULT, 0o644), []);
});

test('a secret that stands in the configuration is warned about, wherever it may stand', () => {
  const text = `sources:
  a: { type: service, stop: 'true', start: 'true', of: { type: postgres, database: x, password: hunter2 } }
  b: { type: command, backup: [echo], env: { API_TOKEN: hunter2, LANG: C, DB_PASSWORD: { env: X } } }
  c: { type: mysql, databases: [x], password: hunter2 }
repositories: { plain: { type: archive, store: file:plain } }`;
  const secrets = checkConfig(raw(text, 0o600)).warnings.filter(({ message }) => /secret stands in/.test(message));
  assert.deepEqual(
    secrets.map(({ path }) => path),
    ['sources.a.of.password', 'sources.b.env.API_TOKEN', 'sources.c.password'],
  );
});

test('a wrong password value is not repeated in the error', () => {
  for (const wrong of ['20261120', '[20261120]', '{ 20261120: x }', '{ env: [20261120] }', 'hunter2 20261120: x']) {
    const text = `repositories: { v: { type: restic, store: file:v, password: ${wrong} } }`;
    const messages = checkConfig(raw(text)).errors.filter(({ path }) => !path.includes('20261120'));
    assert.ok(!messages.map(renderProblem).join().includes('20261120'), wrong);
  }
});

test('the error lists every problem of the file with its place', () => {
  const text = `sources: { a: { type: files, paths: [/a], exlude: [] } }\n${VAULT}\njobs: { n: { sources: [b], to: [vault] } }`;
  assert.throws(() => parsed(text), {
    code: 'config.invalid',
    message: [
      'surety.yaml has 2 errors',
      'surety.yaml:1:43 sources.a.exlude: this key is not known; did you mean exclude',
      'surety.yaml:5:24 jobs.n.sources[0]: there is no source named b; did you mean a',
    ].join('\n'),
  });
});

test('names of object members are not names of sources', () => {
  const { errors } = checkConfig(raw(`${VAULT}\njobs: { n: { sources: [constructor, __proto__], to: [toString] } }`));
  assert.deepEqual(
    errors.map(({ message }) => message),
    [
      'there is no source named constructor',
      'there is no source named __proto__',
      'there is no repository named toString',
    ],
  );
});

test('whatever the text, the answer is a configuration or errors with places inside the file', () => {
  const sample = readFileSync(join(TESTDATA, 'warnings.yaml'), 'utf8');
  const edits = fc.array(
    fc.tuple(
      fc.nat(sample.length),
      fc.nat(12),
      fc.constantFrom('', ' ', '\n', ':', '{', '[', '&a', '*a', '-', '"', 'null', '7'),
    ),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(edits, (all) => {
      const text = all.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), sample);
      const { config, errors } = checkConfig(raw(text));
      assert.equal(config === undefined, errors.length > 0);
      const lines = text.split('\n').length;
      for (const { line, column } of errors) assert.ok(line >= 1 && line <= lines && column >= 1, `${line}:${column}`);
    }),
    { numRuns: 150 },
  );
});

test('a name that is not in the configuration is answered with the nearest', () => {
  const { repositories } = parsed(VAULT);
  assert.equal(findNamed(repositories, 'vault', 'repository'), repositories[0]);
  assert.throws(() => findNamed(repositories, 'valut', 'repository'), {
    code: 'config.unknown-name',
    message: 'there is no repository named valut',
    hint: 'did you mean vault',
  });
  assert.throws(() => findNamed([], 'x', 'job'), { hint: 'the configuration has no job' });
});

function parsed(text: string) {
  return parseConfig(raw(text));
}

function raw(text: string, mode = 0o600): RawConfig {
  return { file: '/etc/here/surety.yaml', shownAs: 'surety.yaml', text, mode };
}

test('no name is dropped silently, whatever it means to JavaScript', () => {
  const named = (name: string) => `
sources:
  ${name}: { type: files, paths: [a] }
  other: { type: files, paths: [b] }
repositories:
  ${name}: { type: restic, store: file:vault, password: { file: password } }
  other: { type: restic, store: file:other, password: { file: password } }
jobs:
  ${name}: { sources: [${name}], to: [${name}] }
  other: { sources: all, to: all }
`;
  for (const name of ['constructor', 'prototype', 'toString', 'hasOwnProperty']) {
    const { sources, repositories, jobs } = parsed(named(name));
    assert.deepEqual([sources[0]?.name, repositories[0]?.name, jobs[0]?.name], [name, name, name]);
    assert.deepEqual([jobs[0]?.sources, jobs[0]?.to], [[name], [name]]);
  }
  const { config, errors } = checkConfig(raw(`hosts: { __proto__: { ssh: x } }${named('__proto__')}`, 0o600));
  assert.equal(config, undefined);
  assert.deepEqual(
    errors.map(({ line, path }) => [line, path]),
    [
      [1, 'hosts.__proto__'],
      [3, 'sources.__proto__'],
      [6, 'repositories.__proto__'],
      [9, 'jobs.__proto__'],
    ],
  );
  for (const { message } of errors) assert.match(message, /^a name has letters/);
});

test('keep can be a preset, and differ from repository to repository', () => {
  const config = parsed(`
sources:
  db: { type: files, paths: [/a] }
repositories:
  vault: { type: restic, store: file:data/vault, password: { file: secret/password } }
  cloud: { type: restic, store: file:data/cloud, password: { file: secret/password } }
jobs:
  nightly:
    sources: [db]
    to: [vault, { repository: cloud, keep: { preset: gfs-7-4-12, daily: 30, yearly: all } }]
    keep: daily-28
    guard: { newest_within: 40d }
  hourly: { sources: [db], to: [{ repository: cloud }], guard: { newest_within: 'off' } }
  monthly: { sources: [db], to: all, schedule: '0 4 1 * *' }
  unsaid: { sources: [db], to: all }
`);
  const [nightly, hourly, monthly, unsaid] = config.jobs;
  assert.equal(unsaid?.newestWithinMs, 7 * 86_400_000);
  assert.equal(monthly?.newestWithinMs, 62 * 86_400_000);
  assert.deepEqual(nightly?.to, ['vault', 'cloud']);
  assert.deepEqual(nightly?.keep, { daily: 28 });
  assert.deepEqual(nightly?.keepIn, { cloud: { daily: 30, weekly: 4, monthly: 12, yearly: 'all' } });
  assert.equal(nightly?.newestWithinMs, 40 * 86_400_000);
  assert.deepEqual([hourly?.to, hourly?.keepIn, hourly?.newestWithinMs], [['cloud'], {}, undefined]);
  assert.deepEqual(config.warnings, []);
});

test('slips in presets, guards and the entries of `to` are told where they are', () => {
  const { errors } = checkConfig(
    raw(`
sources:
  db: { type: files, paths: [/a] }
${VAULT}
jobs:
  a: { sources: [db], to: [{ repository: volt, keep: { daly: 3 } }], keep: daily-29 }
  b: { sources: [db], to: [vault, { repository: vault }], keep: { preset: latest, last: 0 } }
  c: { sources: [db], to: [vault], guard: { newest_within: 7 } }
`),
  );
  const shown = errors.map(({ path, message, suggestion }) => `${path}: ${message} (${suggestion})`);
  const presets = 'daily-28, hourly-24, latest-only, gfs-7-4-12, daily-90-monthly-24, last-60-within-60d';
  assert.deepEqual(shown, [
    'jobs.a.to[0].repository: there is no repository named volt (known: vault)',
    'jobs.a.to[0].keep.daly: this key is not known (did you mean daily)',
    `jobs.a.keep: must be ${presets}, everything or a mapping of keys to values, not text (undefined)`,
    'jobs.b.to[1].repository: vault is named twice (undefined)',
    `jobs.b.keep.preset: must be ${presets} or everything (did you mean latest-only)`,
    'jobs.c.guard.newest_within: must be text or off, not a number (put it in quotes)',
  ]);
});
