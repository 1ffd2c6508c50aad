import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { makeScratch, type Scratch } from '../../../test/fixtures/files-source.ts';
import { locate } from '../../../test/fixtures/programs.ts';
import { runProgram } from '../../../test/fixtures/run-program.ts';
import { SuretyError } from '../../base/errors.ts';
import { openLocal } from '../../reach/local.ts';
import { sourceContract } from '../contract.ts';
import { openFiles } from '../files/open.ts';
import { filesOptions } from '../files/options.ts';
import { type Held, hold } from '../held.ts';
import type { ReadHow, Source, Warning } from '../source.ts';
import type { DumpFilesFacts } from './facts.ts';
import { openDumpFiles } from './open.ts';
import { dumpFilesOptions, dumpFilesSchema } from './options.ts';

const NOW = new Date('2026-11-20T06:00:00Z');
const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

const HEAD = '-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n-- Server version\t8.0.36\n';
const BODY = 'INSERT INTO `mice` VALUES (1,"a");\n'.repeat(5000);
const DUMP = `${HEAD}${BODY}-- Dump completed on 2026-11-20  2:00:00\n`;
const CUT = HEAD + BODY;

let scratch: Scratch;
beforeEach(() => {
  scratch = makeScratch();
});
afterEach(() => scratch[Symbol.dispose]());

function dumpsIn(baseDir: string, raw: Record<string, unknown> = {}): Source {
  return openDumpFiles({
    name: 'lab',
    baseDir,
    options: dumpFilesOptions(dumpFilesSchema.parse({ path: 'dumps', ...raw })),
    reach: openLocal(),
    files: (paths) =>
      openFiles({
        name: 'lab',
        host: 'here',
        baseDir,
        options: { ...filesOptions({ paths: [...paths] }), exclude: [] },
      }),
    clock: { now: () => NOW, elapsedMs: () => 0, sleep: async () => {} },
  });
}

const open = (raw: Record<string, unknown> = {}) => dumpsIn(scratch.path, raw);

/** A file of the folder, made so many hours ago. */
function put(name: string, content: string | Uint8Array, ageHours = 4): string {
  const path = join(scratch.path, 'dumps', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const time = new Date(NOW.getTime() - ageHours * HOUR_MS);
  utimesSync(path, time, time);
  return path;
}

async function take(source: Source, how: Partial<ReadHow> = {}): Promise<Held & { warnings: Warning[] }> {
  const warnings: Warning[] = [];
  const whole: ReadHow = { signal, warn: (warning) => warnings.push(warning), ...how };
  await using reading = await source.read(whole);
  return { ...(await hold(reading, whole)), warnings };
}

const filesIn = ({ contents }: Held) => [...contents.keys()];

function failure(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SuretyError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message}\n${error.hint}`, message);
    return true;
  };
}

describe('a folder of dumps keeps the contract of sources:', () => {
  const checks = sourceContract(async () => {
    const folder = makeScratch();
    const dumps = join(folder.path, 'dumps');
    mkdirSync(dumps);
    for (const [name, ageHours] of [
      ['old.sql', 30],
      ['new.sql', 5],
    ] as const) {
      writeFileSync(join(dumps, name), name + DUMP.slice(0, 100), { mode: 0o640 });
      const time = new Date(NOW.getTime() - ageHours * HOUR_MS);
      utimesSync(join(dumps, name), time, time);
    }
    const content = (path: string) => readFileSync(join(path, 'new.sql'), 'utf8');
    return {
      source: dumpsIn(folder.path),
      target: join(folder.path, 'target'),
      observe: async () => content(dumps),
      observeIn: async (target: string) => content(join(target, 'dumps')),
      destroy: async () => rmSync(dumps, { recursive: true }),
      [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
    };
  });
  for (const { name, run } of checks) test(name, run);
});

describe('which dump is taken', () => {
  test('the newest, with its name, age and versions', async () => {
    put('lab_20261118.sql.gz', gzipSync(DUMP), 52);
    put('lab_20261120.sql.gz', gzipSync(DUMP), 4);
    put('lab_20261119.sql.gz', gzipSync(DUMP), 28);
    put('README.txt', 'not a dump', 1);
    const held = await take(open());
    assert.deepEqual(filesIn(held), ['dumps/lab_20261120.sql.gz']);
    assert.deepEqual(held.warnings, []);
    assert.deepEqual(held.facts.notes, ['the newest complete dump, lab_20261120.sql.gz, was 4h 00m old']);
    assert.deepEqual(held.facts.versions, { mysql: '8.0.36' });
    const [dump] = (held.facts as DumpFilesFacts).dumps;
    assert.deepEqual([dump?.name, dump?.ageMs, dump?.looked], ['lab_20261120.sql.gz', 4 * HOUR_MS, true]);
    const entry = held.entries.at(-1)!;
    assert.equal(entry.mtimeNs, BigInt(NOW.getTime() - 4 * HOUR_MS) * 1_000_000n);
  });

  test('the folder is what a person sees of it, whichever file is taken', async () => {
    put('a.sql', DUMP);
    await using reading = await open().read({ signal, warn: () => {} });
    assert.deepEqual([reading.host, reading.paths], ['here', ['dumps']]);
    await using whole = await open({ path: join(scratch.path, 'dumps/') }).read({ signal, warn: () => {} });
    assert.deepEqual(whole.paths, [join(scratch.path, 'dumps')]);
  });

  test('all of them where that is wanted', async () => {
    put('a.sql', DUMP, 90);
    put('b.sql', DUMP, 2);
    put('c.sql', CUT, 50);
    const held = await take(open({ keep: 'all' }));
    assert.deepEqual(filesIn(held), ['dumps/a.sql', 'dumps/b.sql']);
    assert.deepEqual(
      held.warnings.map(({ code, path }) => [code, path]),
      [['entry.incomplete', 'c.sql']],
    );
  });

  test('patterns choose, also below the folder', async () => {
    put('b.sql', DUMP, 1);
    put('daily/a.sql', DUMP, 3);
    put('daily/deep/x.sql', DUMP, 2);
    assert.deepEqual(filesIn(await take(open({ pattern: 'daily/*.sql' }))), ['dumps/daily/a.sql']);
    assert.deepEqual(filesIn(await take(open({ pattern: ['nothing*', '**/x.sql'] }))), ['dumps/daily/deep/x.sql']);
  });

  test('a link to the newest and a second name of it are not further dumps', async () => {
    const path = put('lab.sql', DUMP);
    symlinkSync('lab.sql', join(scratch.path, 'dumps/latest.sql'));
    assert.deepEqual(filesIn(await take(open({ keep: 'all' }))), ['dumps/lab.sql']);
    linkSync(path, join(scratch.path, 'dumps/again.sql'));
    assert.equal(filesIn(await take(open({ keep: 'all' }))).length, 1);
  });

  test('of the same time, the last by name', async () => {
    for (const name of ['b.sql', 'c.sql', 'a.sql']) put(name, DUMP);
    assert.deepEqual(filesIn(await take(open())), ['dumps/c.sql']);
  });
});

describe('a newer dump that is not complete is left out with a warning that says why:', () => {
  const cutGzip = gzipSync(DUMP).subarray(0, -200);
  const flipped = Buffer.from(gzipSync(DUMP));
  flipped[flipped.length - 6]! ^= 1;
  const cases: readonly (readonly [what: string, name: string, content: string | Uint8Array, why: RegExp])[] = [
    ['empty', 'new.sql', '', /is empty/],
    ['cut plain', 'new.sql', CUT, /cut off: it lacks its last line "Dump completed"/],
    ['cut before it was packed', 'new.sql.gz', gzipSync(CUT), /cut off: it lacks its last line/],
    ['packed file cut', 'new.sql.gz', cutGzip, /can not be unpacked to its end/],
    ['packed file damaged', 'new.sql.gz', flipped, /can not be unpacked to its end/],
    ['zstd file cut', 'new.sql.zst', zstdCompressSync(DUMP).subarray(0, -50), /can not be unpacked to its end/],
    ['packed nothing', 'new.sql.gz', gzipSync(''), /is empty/],
    ['not packed at all', 'new.sql.gz', 'mysqldump: command not found', /is not gzip, as its name says/],
    ['PostgreSQL', 'new.sql', '--\n-- PostgreSQL database dump\n--\n\nCOPY', /"PostgreSQL database dump complete"/],
  ];
  for (const [what, name, content, why] of cases) {
    test(what, async () => {
      put('old.sql', DUMP, 20);
      put(name, content, 2);
      const held = await take(open());
      assert.deepEqual(filesIn(held), ['dumps/old.sql']);
      assert.deepEqual(
        held.warnings.map(({ code, path }) => [code, path]),
        [['entry.incomplete', name]],
      );
      assert.match(held.warnings[0]!.message, why);
      assert.ok(held.warnings[0]!.message.includes(name));
    });
  }

  test('too young, or dated in the future', async () => {
    put('old.sql', DUMP, 20);
    put('young.sql', DUMP, 0.01);
    put('future.sql', DUMP, -5);
    const held = await take(open());
    assert.deepEqual(filesIn(held), ['dumps/old.sql']);
    const messages = held.warnings.map(({ message }) => message);
    assert.match(messages[0]!, /future.sql is left out: it is dated 5h 00m in the future/);
    assert.match(messages[1]!, /young.sql is left out: it was changed 36.0 s ago/);
    assert.deepEqual(filesIn(await take(open({ min_age: '10s' }))), ['dumps/young.sql']);
  });

  test('with an unfinished file of its name beside it', async () => {
    put('old.sql', DUMP, 20);
    put('new.sql', DUMP, 2);
    put('new.sql.part', DUMP, 0);
    assert.match((await take(open({ pattern: '*' }))).warnings[0]!.message, /\.part beside it/);
  });

  test('open for writing', async () => {
    put('old.sql', DUMP, 20);
    const fd = openSync(put('new.sql', DUMP, 2), 'a');
    try {
      const { warnings } = await take(open());
      assert.match(warnings[0]!.message, new RegExp(`being written by process ${process.pid}`));
    } finally {
      closeSync(fd);
    }
    assert.deepEqual((await take(open())).warnings, []);
    // Reading is no writing.
    const reader = openSync(join(scratch.path, 'dumps/new.sql'), 'r');
    assert.deepEqual((await take(open())).warnings, []);
    closeSync(reader);
  });

  test('unless nothing is to be looked into', async () => {
    put('old.sql', DUMP, 20);
    put('new.sql', CUT, 2);
    const held = await take(open({ complete: 'none' }));
    assert.deepEqual(filesIn(held), ['dumps/new.sql']);
    assert.equal((held.facts as DumpFilesFacts).dumps[0]?.looked, undefined);
  });
});

describe('whole dumps of other kinds are recognized:', () => {
  for (const program of ['xz', 'bzip2', 'lz4', 'zstd', 'gzip']) {
    const ending = { xz: 'xz', bzip2: 'bz2', lz4: 'lz4', zstd: 'zst', gzip: 'gz' }[program] ?? '';
    const skip = locate(program) === undefined ? `${program} is not installed` : false;
    test(`packed by ${program}, whole and cut`, { skip }, async () => {
      const path = put('a.sql', DUMP, 20);
      const packed = join(scratch.path, `dumps/a.sql.${ending}`);
      const line = '"$0" -c < "$1" > "$2"';
      assert.equal((await runProgram(['sh', '-c', line, program, path, packed])).code, 0);
      const bytes = readFileSync(packed);
      put(`a.sql.${ending}`, bytes, 2);
      assert.deepEqual(filesIn(await take(open())), [`dumps/a.sql.${ending}`]);
      put(`a.sql.${ending}`, bytes.subarray(0, -30), 2);
      assert.deepEqual(filesIn(await take(open())), ['dumps/a.sql']);
    });
  }

  test('a tar archive', async () => {
    put('in/a.txt', 'a');
    const tar = await runProgram([
      'sh',
      '-c',
      'cd "$0" && tar -cf whole.bak in && head -c 1536 whole.bak > cut.bak',
      join(scratch.path, 'dumps'),
    ]);
    assert.equal(tar.code, 0, tar.stderr);
    for (const name of ['whole.bak', 'cut.bak']) put(name, readFileSync(join(scratch.path, 'dumps', name)));
    const held = await take(open({ keep: 'all' }));
    assert.deepEqual(filesIn(held), ['dumps/whole.bak']);
    assert.match(held.warnings[0]!.message, /cut.bak.*end of a tar archive/);
  });

  test('what has no end that tells is taken, and that is said', async () => {
    put('lab.dump', Buffer.concat([Buffer.from('PGDMP'), Buffer.alloc(3000, 1)]));
    const held = await take(open());
    assert.match(held.facts.notes!.join(), /lab.dump has no end that would tell whether it is whole/);
  });
});

describe('age', () => {
  test('a newest dump that is too old is a failure that says both ages', async () => {
    put('a.sql', DUMP, 26);
    await assert.rejects(
      take(open()),
      failure('source.stale', /a\.sql, is 1d 02h old, and may be 1d 01h[\s\S]*max_age/),
    );
  });

  test('a newer one that is not complete makes the old one no younger', async () => {
    put('a.sql', DUMP, 48);
    put('b.sql', CUT, 2);
    await assert.rejects(take(open()), failure('source.stale', /a\.sql, is 2d 00h old/));
  });

  test('it is a warning, or does not matter, where that is configured', async () => {
    put('a.sql', DUMP, 26);
    const held = await take(open({ stale: 'warn' }));
    assert.deepEqual(
      held.warnings.map(({ code }) => code),
      ['entry.stale'],
    );
    for (const max_age of ['any', '27h']) assert.deepEqual((await take(open({ max_age }))).warnings, []);
  });
});

describe('no dump', () => {
  test('a folder that is missing, or is none', async () => {
    await assert.rejects(take(open()), failure('source.missing', /does not exist/));
    writeFileSync(join(scratch.path, 'dumps'), '');
    await assert.rejects(take(open()), failure('source.missing', /is not a folder/));
  });

  test('a folder without a file that fits', async () => {
    put('README.txt', 'x');
    await assert.rejects(take(open()), failure('source.missing', /has no file that matches .*sql/));
  });

  test('no complete one: each is named with what is wrong with it', async () => {
    put('a.sql', CUT, 20);
    put('b.sql', '', 2);
    await assert.rejects(take(open()), failure('source.incomplete', /b\.sql is empty; a\.sql is cut off/));
  });
});

test('a dump that is less than half of the one before is warned about', async () => {
  put('a.sql', DUMP, 20);
  const { facts: previous } = await take(open());
  put('b.sql', `${HEAD}-- Dump completed\n`, 2);
  const { warnings } = await take(open(), { previous });
  assert.deepEqual(
    warnings.map(({ code, path }) => [code, path]),
    [['source.shrunk', 'b.sql']],
  );
});

test('a dump that is written to while it is taken does not count', async () => {
  const path = put('a.sql', DUMP);
  const how: ReadHow = { signal, warn: () => {} };
  await using reading = await open().read(how);
  appendFileSync(path, 'more');
  await assert.rejects(hold(reading, how), failure('source.incomplete', /changed or removed while it was read/));
});

test('a dump that was found whole before is not read again, unless it changed', async () => {
  put('a.sql', DUMP);
  const { facts } = await take(open());
  const previous = JSON.parse(JSON.stringify(facts)) as typeof facts;
  // The same size and time with another content would only be noticed by reading it.
  put('a.sql', CUT.padEnd(DUMP.length, 'x'));
  assert.deepEqual((await take(open(), { previous })).facts.versions, { mysql: '8.0.36' });
  put('a.sql', CUT);
  await assert.rejects(take(open(), { previous }), { code: 'source.incomplete' });
});

test('an abort ends the look at a large dump', async () => {
  put('a.sql.gz', gzipSync(Buffer.alloc(50_000_000)));
  const reason = new Error('stopped');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(take(open(), { signal: controller.signal }), reason);
});

test('options have defaults and refuse what they do not know', () => {
  const parsed = dumpFilesOptions(dumpFilesSchema.parse({ path: 'x' }));
  const { maxAgeMs, minAgeMs, stale, keep, complete } = parsed;
  assert.deepEqual([maxAgeMs, minAgeMs, stale, keep, complete], [25 * HOUR_MS, 60_000, 'fail', 'newest', 'trailer']);
  for (const wrong of [
    {},
    { path: '' },
    { path: 'x', pattern: '../*' },
    { path: 'x', pattern: '/etc/*' },
    { path: 'x', max_age: 'old' },
  ]) {
    assert.equal(dumpFilesSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
  assert.ok(readdirSync(scratch.path).length === 0);
});
