import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig, parseConfig } from './parse.ts';

function raw(attributes: string) {
  const text = `sources: { a: { type: files, paths: [/a] } }\nrepositories:\n  vault: { type: restic, store: file:x, password: { env: X }${attributes} }\n`;
  return { file: '/etc/here/surety.yaml', shownAs: 'surety.yaml', text, mode: 0o600 };
}

function useOf(attributes: string) {
  const use = parseConfig(raw(attributes)).repositories[0]?.use;
  assert.ok(use !== undefined);
  return use;
}

function problems(attributes: string): string {
  const { errors } = checkConfig(raw(attributes));
  return JSON.stringify(errors);
}

const MIB = 1 << 20;
const DAY = { from: 0, to: 1440, timeZone: undefined };

test('nothing said is no limit, deleting, and a cache where it suits', () => {
  assert.deepEqual(useOf(''), {
    limit: [],
    connections: undefined,
    appendOnly: false,
    lockForMs: undefined,
    cache: { use: true, path: undefined, sizeBytes: undefined },
  });
});

test('a limit is one rate, one each way, or by time of day', () => {
  assert.deepEqual(useOf(', limit: 10MiB/s').limit, [{ ...DAY, upload: 10 * MIB, download: 10 * MIB }]);
  assert.deepEqual(useOf(', limit: { upload: 2MB/s }').limit, [{ ...DAY, upload: 2_000_000 }]);
  const windows = "[{ from: '08:00', to: '18:00', upload: 2MiB/s, time_zone: Europe/London }, { download: 512KiB/s }]";
  assert.deepEqual(useOf(`, limit: ${windows}`).limit, [
    { from: 480, to: 1080, timeZone: 'Europe/London', upload: 2 * MIB, download: undefined },
    { ...DAY, upload: undefined, download: 512 * 1024 },
  ]);
});

test('a cache is switched off, or has a place and a size', () => {
  assert.equal(useOf(', cache: false').cache.use, false);
  assert.deepEqual(useOf(', cache: { path: kept, size: 500MiB }').cache, {
    use: true,
    path: '/etc/here/kept',
    sizeBytes: 500 * MIB,
  });
  assert.equal(useOf(', append_only: true').appendOnly, true);
  assert.equal(useOf(', connections: 4').connections, 4);
});

test('what can not be meant is refused', () => {
  assert.match(problems(', limit: 10'), /too slow|>=|limit/);
  assert.match(problems(', limit: 1KiB/s'), /limit/);
  assert.match(problems(", limit: [{ from: '25:00', to: '18:00', upload: 1MiB/s }]"), /not a time of day/);
  assert.match(problems(", limit: [{ from: '08:00', upload: 1MiB/s }]"), /from and to belong together/);
  assert.match(problems(", limit: [{ from: '08:00', to: '8:00', upload: 1MiB/s }]"), /the same time/);
  assert.match(problems(', connections: 0'), /connections/);
});
