import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type FarReach, makeFarReach } from '../../../../test/fixtures/far-reach.ts';
import { systemClock } from '../../../base/clock.ts';
import { hasCode } from '../../../base/errors.ts';
import { openFiles } from '../../files/open.ts';
import { filesOptions } from '../../files/options.ts';
import { hold } from '../../held.ts';
import type { Source, SourceFacts, Warning } from '../../source.ts';
import type { DumpFilesFacts } from '../facts.ts';
import { openDumpFiles } from '../open.ts';
import { dumpFilesOptions, dumpFilesSchema } from '../options.ts';

const signal = new AbortController().signal;
const DUMP = `-- MySQL dump 10.13\n-- Server version\t8.0.36\n${'INSERT INTO mice;\n'.repeat(5000)}-- Dump completed on 2026-11-20  2:00:00\n`;
const CUT = DUMP.slice(0, -60);
const HOUR_S = 3600;

/** The clock here is an hour ahead of that of the host. */
function openFar(far: FarReach, raw: object = {}): Source {
  const path = far.at('dumps');
  return openDumpFiles({
    name: 'lab',
    baseDir: '/nowhere',
    options: dumpFilesOptions(dumpFilesSchema.parse({ path, ...raw })),
    reach: far.reach,
    files: (paths) =>
      openFiles({ name: 'lab', host: 'far', baseDir: '/', options: filesOptions({ paths: [...paths] }) }),
    clock: { ...systemClock, now: () => new Date(Date.now() + HOUR_S * 1000) },
  });
}

function put(far: FarReach, name: string, content: string | Buffer, ageHours: number): string {
  mkdirSync(far.at('dumps', 'deep'), { recursive: true });
  const path = far.at('dumps', name);
  writeFileSync(path, content);
  const seconds = Date.now() / 1000 - ageHours * HOUR_S;
  utimesSync(path, seconds, seconds);
  return path;
}

async function take(source: Source, previous?: SourceFacts) {
  const warnings: Warning[] = [];
  const how = { signal, warn: (warning: Warning) => void warnings.push(warning), previous };
  await using reading = await source.read(how);
  const held = await hold(reading, how);
  return { names: (held.facts as DumpFilesFacts).dumps.map(({ name }) => name), warnings, ...held };
}

for (const busybox of [false, true]) {
  test(`the newest complete dump of a folder on a host is taken ${busybox ? '(busybox)' : ''}`, async () => {
    await using far = makeFarReach({ programs: busybox ? [] : ['gzip'], busybox });
    if (busybox) symlinkSync('/usr/bin/busybox', far.at('bin', 'gzip'));
    put(far, 'a.sql', DUMP, 5);
    put(far, 'b\nb.sql.gz', gzipSync(DUMP), 4);
    put(far, 'c.sql.gz', gzipSync(DUMP).subarray(0, 200), 3);
    put(far, 'd.sql', CUT, 2);
    put(far, 'e.sql.part', DUMP, 1);
    put(far, 'notes.txt', 'no dump', 1);
    put(far, 'deep/z.sql', DUMP, 1);
    symlinkSync('b\nb.sql.gz', far.at('dumps', 'latest.sql.gz'));
    const taken = await take(openFar(far));
    assert.deepEqual(taken.names, ['b\nb.sql.gz']);
    assert.deepEqual(taken.facts.versions, { mysql: '8.0.36' });
    assert.match(
      taken.warnings.map(({ message }) => message).join(),
      /d\.sql is left out.*c\.sql\.gz is left out: .*exit code 1/,
    );
    // By the clock of the host, not by the one here.
    const age = (taken.facts as DumpFilesFacts).dumps[0]!.ageMs / 1000;
    assert.ok(Math.abs(age - 4 * HOUR_S) < 60, String(age));
    assert.ok(far.calls.every((call) => call.length < 5000));
    const all = await take(openFar(far, { keep: 'all', pattern: '**/*.{sql,gz}' }));
    assert.deepEqual(all.names, ['deep/z.sql', 'b\nb.sql.gz', 'a.sql']);
  });
}

test('a dump that is still written there, and a folder that is not there, are told', async () => {
  await using far = makeFarReach({ programs: ['gzip'] });
  await assert.rejects(
    take(openFar(far)),
    (error) => hasCode(error, 'source.missing') && /far:.*does not exist/.test(error.message),
  );
  const path = put(far, 'a.sql', DUMP, 1);
  const open = openSync(path, 'a');
  const refused = (words: RegExp) => (error: unknown) =>
    hasCode(error, 'source.incomplete') && words.test(error.message);
  await assert.rejects(take(openFar(far)), refused(new RegExp(`written by process ${process.pid}`)));
  closeSync(open);
  assert.deepEqual((await take(openFar(far))).names, ['a.sql']);
  await assert.rejects(
    take(openFar(far, { min_age: '2h' })),
    refused(/changed (59m|1h).* ago and may still be written/),
  );
  await assert.rejects(take(openFar(far, { max_age: '30m' })), (error) => hasCode(error, 'source.stale'));
  rmSync(path);
  await assert.rejects(
    take(openFar(far)),
    (error) => hasCode(error, 'source.missing') && /no file that matches/.test(error.message),
  );
});
