/** Both directions between Surety and the real borg. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { initBorg, openBorg } from '../../src/engines/borg/open.ts';
import { backUp, FIRST, HOW, SECOND } from '../../src/engines/contract-steps.ts';
import type { BackupResult, Engine, Snapshot } from '../../src/engines/engine.ts';
import type { Warning, WriteReport } from '../../src/sources/source.ts';
import { TEST_PASSPHRASE, testBorg } from '../fixtures/borg-repository.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { filesSource } from '../fixtures/files-source.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import { makeNastyTree } from '../fixtures/tree.ts';

interface Written extends WriteReport {
  readonly warnings: readonly Warning[];
}

/** What borg itself loses. */
function withoutTimesBeyondBorg(differences: readonly string[]): string[] {
  return differences.filter((line) => !/^nasty\/times\/(before the epoch|after 2038): mtime/.test(line));
}

describe('borg', { skip: skipWithout('borg', 'setfacl') }, () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'surety-borg-')));
  const [data, repository, base] = [join(folder, 'data'), join(folder, 'repository'), join(folder, 'base')];
  const options = testBorg(repository, base, { compression: 'zstd,3' });
  const env = { BORG_REPO: repository, BORG_PASSPHRASE: TEST_PASSPHRASE, BORG_BASE_DIR: base };
  let engine: Engine;

  /** The real program. */
  const borg = (args: readonly string[], cwd = folder) => expectSuccess(['borg', ...args], { env, cwd });

  before(async () => {
    mkdirSync(data);
    makeNastyTree(join(data, 'nasty'));
    await initBorg(options, HOW);
    engine = await openBorg(options, HOW);
  });
  after(async () => {
    await engine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function backUpFiles(paths: readonly string[], baseDir: string, startedAt: Date) {
    const warnings: Warning[] = [];
    const warn = (warning: Warning) => warnings.push(warning);
    await using source = filesSource({ paths, exclude: ['*.bak'] }, baseDir);
    await using reading = await source.read({ ...HOW, warn });
    assert.notEqual(reading.tree, undefined);
    const how = { ...HOW, warn, kind: 'files', source: 'media', tags: [], excludes: [], startedAt };
    return { ...(await engine.backup(reading, { ...how, recoveryPoint: 'one' })), warnings };
  }

  async function restore(snapshot: Snapshot, target: string): Promise<Written> {
    const warnings: Warning[] = [];
    await using source = filesSource({ paths: [data], exclude: [] });
    await using restoring = await engine.restore(snapshot, HOW);
    const how = {
      ...HOW,
      warn: (warning: Warning) => warnings.push(warning),
      conflict: 'refuse',
      dryRun: false,
    } as const;
    return { ...(await source.write(restoring, { ...how, target })), warnings };
  }

  it('reads a tree with everything a file system can hold by its paths, and gives it back to both programs', async () => {
    writeFileSync(join(data, 'left out.bak'), 'no');
    const { snapshot, stats, warnings, facts } = await backUpFiles([data], '/', FIRST);
    assert.deepEqual(warnings, []);
    const target = join(folder, 'by-surety');
    const report = await restore(snapshot, target);
    assert.deepEqual([report.failed, report.warnings], [[], []]);
    const how = { sparse: false, except: ['left out.bak'] };
    assert.deepEqual(compareTrees(data, join(target, data), how), []);
    assert.deepEqual(await engine.facts(snapshot, HOW), JSON.parse(JSON.stringify(facts)));

    const byBorg = join(folder, 'by-borg');
    mkdirSync(byBorg);
    await borg(['extract', '--numeric-ids', `::${snapshot.tree}`], byBorg);
    assert.deepEqual(withoutTimesBeyondBorg(compareTrees(data, join(byBorg, data), how)), []);

    const again: BackupResult = await backUpFiles([data], '/', SECOND);
    assert.deepEqual([again.stats.filesNew, again.stats.filesChanged], [0, 0]);
    assert.equal(again.stats.filesUnmodified, stats.filesNew);
    await borg(['check', '--verify-data']);
    const listed = await borg(['list', '--short', '--glob-archives', 'media@here:*']);
    assert.deepEqual(listed.trim().split('\n'), ['media@here:2026-01-01T03:00:00Z', 'media@here:2026-01-02T03:00:00Z']);
  });

  it('keeps relative paths relative, and follows a root that is a link', async () => {
    await using made = new AsyncDisposableStack();
    made.defer(() => rmSync(join(folder, 'linked')));
    await expectSuccess(['ln', '-s', data, join(folder, 'linked')]);
    const { snapshot, warnings } = await backUpFiles(
      ['data', join(folder, 'linked')],
      folder,
      new Date('2026-01-03T03:00:00Z'),
    );
    assert.deepEqual(warnings, []);
    const target = join(folder, 'relative');
    assert.deepEqual((await restore(snapshot, target)).failed, []);
    const how = { sparse: false, except: ['left out.bak'] };
    assert.deepEqual(compareTrees(data, join(target, 'data'), how), []);
    assert.deepEqual(compareTrees(data, join(target, folder, 'linked'), how), []);
  });

  it('warns of what is gone before borg comes to it, and stores the rest', async () => {
    const tree = join(folder, 'vanishing');
    mkdirSync(tree);
    for (const name of ['a', 'b']) writeFileSync(join(tree, name), name);
    const warnings: Warning[] = [];
    await using source = filesSource({ paths: [tree], exclude: [] });
    await using reading = await source.read({ ...HOW, warn: () => {} });
    const walk = reading.entries.bind(reading);
    reading.entries = async function* () {
      for await (const batch of walk()) {
        rmSync(join(tree, 'a'), { force: true });
        yield batch;
      }
    };
    const warn = (warning: Warning) => warnings.push(warning);
    const how = { ...HOW, warn, kind: 'files', source: 'vanishing', tags: [], excludes: [], recoveryPoint: 'one' };
    const { snapshot, facts } = await engine.backup(reading, { ...how, startedAt: FIRST });
    assert.deepEqual(
      warnings.map(({ code, path }) => [code, `/${path}`]),
      [['entry.vanished', join(tree, 'a')]],
    );
    assert.equal(facts.warnings, 1);
    const listed = await borg(['list', '--short', `::${snapshot.tree}`]);
    assert.deepEqual(
      listed.split('\n').filter((line) => line.includes('vanishing/')),
      [join(tree, 'b').slice(1)],
    );
  });

  it('wrote archives that Surety lists, verifies and restores', async () => {
    await borg(['create', '--timestamp', '2025-05-05T05:05:05', '::theirs {odd}'.replaceAll('{odd}', '-1'), 'data']);
    await using foreign = await openBorg(options, HOW);
    const [oldest] = (await foreign.list(HOW)).snapshots;
    assert.deepEqual([oldest!.tree, oldest!.source, oldest!.user], ['theirs -1', '', 'root']);
    assert.equal(oldest!.time.toISOString(), '2025-05-05T05:05:05.000Z');
    assert.equal(await foreign.facts(oldest!, HOW), undefined);
    const report = await foreign.verify({ ...HOW, depth: 'data', snapshots: [oldest!.id] });
    assert.deepEqual(report.problems, []);
    const target = join(folder, 'of-borg');
    assert.deepEqual((await restore(oldest!, target)).failed, []);
    assert.deepEqual(withoutTimesBeyondBorg(compareTrees(data, join(target, 'data'), { sparse: false })), []);
  });

  it('takes a dump from a stream, and has nothing of it on a disk on the way', async () => {
    const facts = { kind: 'postgres', versions: {}, files: 1, sizeBytes: 0 };
    const entries = [{ path: 'shop.sql', type: 'file', mode: 0o600, uid: 0, gid: 0, user: '', group: '' } as const];
    const times = { mtimeNs: 1_700_000_000_123_456_789n, ctimeNs: 0n, inode: 0n, device: 0n, links: 1, sizeBytes: -1 };
    const held = { entries: entries.map((one) => ({ ...one, ...times, xattrs: [], handle: one.path })), facts };
    const contents = new Map([['shop.sql', Buffer.from('CREATE TABLE things;\n')]]);
    const how = { kind: 'postgres', startedAt: new Date('2026-01-04T03:00:00Z') };
    const { snapshot } = await backUp(engine, { ...held, contents }, { how });
    assert.equal(await borg(['extract', '--stdout', `::${snapshot.tree}`, 'shop.sql']), 'CREATE TABLE things;\n');
    await using restoring = await engine.restore(snapshot, HOW);
    for await (const batch of restoring.entries()) {
      assert.deepEqual(
        batch.map(({ path, mtimeNs }) => [path, mtimeNs]),
        [['shop.sql', 1_700_000_000_123_456_789n]],
      );
    }
  });

  it('says what is wrong with a password, a place, a program and a lock', async () => {
    const open = (more: Parameters<typeof testBorg>[2], at = repository) => openBorg(testBorg(at, base, more), HOW);
    await assert.rejects(open({ password: new Secret('wrong') }), { code: 'repository.wrong-password' });
    await assert.rejects(open({}, join(folder, 'nothing')), { code: 'repository.missing' });
    await assert.rejects(open({ program: 'no-such-borg' }), { message: /the program no-such-borg, .* was not found/ });
    await assert.rejects(initBorg(options, HOW), { code: 'repository.exists' });
    const locked = join(folder, 'locked');
    const holder = borg([
      'with-lock',
      repository,
      'sh',
      '-c',
      `touch ${locked}; while test -e ${locked}; do sleep 0.05; done`,
    ]);
    while (!existsSync(locked)) await new Promise((resolve) => setTimeout(resolve, 20));
    await assert.rejects(open({}), { code: 'repository.locked', retry: 'later' });
    rmSync(locked);
    await holder;
    assert.match(readFileSync(join(repository, 'config'), 'utf8'), /id = /);
  });
});
