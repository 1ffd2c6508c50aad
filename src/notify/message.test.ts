import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from './judge.ts';
import { runMessage, subjectOf, testMessage } from './message.ts';
import type { PartFacts, RunFacts } from './run-facts.ts';

const SURROUNDINGS = {
  host: 'main',
  timeZone: 'Europe/London',
  configuration: '/etc/surety/surety.yaml',
  version: '0.1.0',
};
const NOTHING: Judgement = { occasion: 'failure', streaks: new Map(), recovered: new Set(), killed: undefined };

const sessions: PartFacts = {
  key: 'sessions',
  name: 'sessions',
  label: 'sessions into vault',
  outcome: 'failed',
  result: '',
  error: {
    code: 'postgres.connection-refused',
    message: 'source sessions into repository vault: no server listens on db:5432',
    hint: 'start the server, or correct `server` and `port`',
  },
  warningCount: 0,
  warnings: [],
};
const media: PartFacts = {
  key: 'media',
  name: 'media',
  label: 'media into vault',
  outcome: 'warnings',
  result: '1.2 GiB, snapshot 4f9a11c2',
  error: undefined,
  warningCount: 12,
  warnings: [{ code: 'entry.vanished', message: 'a.tmp: it was gone' }],
};
const RUN: RunFacts = {
  verb: 'backup',
  job: 'nightly',
  id: '20260721T020700Z-4f9a',
  startedAt: new Date('2026-07-21T02:07:00Z'),
  endedAt: new Date('2026-07-21T02:09:05Z'),
  outcome: 'failed',
  parts: [sessions, media],
  begun: true,
};

test('a message says what failed and what to do, how often, what else there was, and where it is from', () => {
  const since = new Date('2026-01-19T03:07:00Z');
  const killed = { startedAt: new Date('2026-07-20T02:07:00Z') };
  const { subject, text, id } = runMessage(
    RUN,
    { ...NOTHING, streaks: new Map([['sessions', { times: 3, since }]]), killed },
    SURROUNDINGS,
  );
  assert.equal(subject, '[surety] nightly failed: sessions (postgres.connection-refused)');
  assert.equal(id, '20260721T020700Z-4f9a.backup');
  assert.equal(
    text,
    `nightly failed on main, 2026-07-21 03:09 (Europe/London).

Failed:
  sessions into vault (postgres.connection-refused)
    source sessions into repository vault: no server listens on db:5432
    What to do: start the server, or correct \`server\` and \`port\`
    For the 3rd time since 2026-01-19 03:07 (Europe/London).

Warnings:
  media into vault
    a.tmp: it was gone (entry.vanished)
    and 11 more

Done:
  media into vault: 1.2 GiB, snapshot 4f9a11c2

The run before this one, begun 2026-07-20 03:07 (Europe/London), was killed: it ended without a word.

-- 
Run 20260721T020700Z-4f9a, begun 2026-07-21 03:07 (Europe/London), took 125 s.
Configuration /etc/surety/surety.yaml, Surety 0.1.0.
`,
  );
});

test('a subject is one short line, and says how many more there are', () => {
  const app = { ...sessions, key: 'app', name: 'app' };
  assert.match(
    subjectOf({ ...RUN, parts: [sessions, app] }, NOTHING),
    /sessions \(postgres\.connection-refused\) and 1 more$/,
  );
  const same = { ...sessions, key: 'elsewhere' };
  assert.doesNotMatch(subjectOf({ ...RUN, parts: [sessions, same] }, NOTHING), /more/);
  const odd = { ...sessions, name: `a\r\nBcc: x@example.org\u202e${'b'.repeat(300)}` };
  const subject = subjectOf({ ...RUN, parts: [odd] }, NOTHING);
  assert.ok(subject.length <= 181);
  assert.doesNotMatch(subject, /[\p{Cc}\u202e]/u);
});

test('other verbs, single sources and recoveries have subjects of their own', () => {
  const verify = { ...RUN, verb: 'verify', job: '' };
  assert.match(subjectOf(verify, NOTHING), /^\[surety\] verify failed: sessions/);
  assert.match(subjectOf({ ...RUN, job: '' }, NOTHING), /^\[surety\] backup failed: sessions/);
  const recovery: Judgement = { ...NOTHING, occasion: 'recovery', recovered: new Set(['media']) };
  assert.equal(subjectOf({ ...RUN, outcome: 'warnings', parts: [media] }, recovery), '[surety] nightly works again');
  const warning: Judgement = { ...NOTHING, occasion: 'warning' };
  const warned = subjectOf({ ...RUN, outcome: 'warnings', parts: [media] }, warning);
  assert.equal(warned, '[surety] nightly finished with warnings: media (entry.vanished)');
  assert.equal(
    subjectOf({ ...RUN, begun: false }, NOTHING),
    '[surety] nightly did not begin: sessions (postgres.connection-refused)',
  );
});

test('a run of very many parts and a very long error stay a message that can be read', () => {
  const parts = Array.from({ length: 5000 }, (_, at) => ({ ...sessions, key: String(at) }));
  const { text } = runMessage({ ...RUN, parts }, NOTHING, SURROUNDINGS);
  assert.match(text, /\n {2}and 4900 more\n/);
  const long = { ...sessions, error: { ...sessions.error!, message: 'x'.repeat(1_000_000) } };
  assert.ok(runMessage({ ...RUN, parts: [long] }, NOTHING, SURROUNDINGS).text.length < 20_000);
});

test('a test message says which machine it is from', () => {
  const { subject, text } = testMessage('20260721T020700Z-4f9a', RUN.endedAt, SURROUNDINGS);
  assert.equal(subject, '[surety] test from main');
  assert.match(text, /messages of Surety on main arrive here/);
});
