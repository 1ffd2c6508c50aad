import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { resticFor } from '../fixtures/restic.ts';
import { makeNastyTree } from '../fixtures/tree.ts';

const restic = (name: string) => ({ type: 'restic', store: `file:${name}`, password: { env: 'VAULT_PASSWORD' } });
const archive = (name: string) => ({ type: 'archive', store: `file:${name}` });
const without = skipWithout('restic');

interface Listed {
  readonly id: string;
  readonly time: string;
  readonly host: string;
  readonly source: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly recoveryPoint: string;
  readonly state: string;
  readonly copies: readonly string[];
}

interface Copies {
  readonly outcome: string;
  readonly copies: readonly {
    readonly to: string;
    readonly present: number;
    readonly passedOver: number;
    readonly members: readonly {
      readonly snapshot: Listed;
      readonly from: string;
      readonly outcome: string;
      readonly copy?: Listed;
      readonly asStored: boolean;
      readonly storedBytes: number;
      readonly error?: { readonly code: string; readonly message: string };
      readonly warnings: readonly { readonly code: string; readonly message: string }[];
    }[];
  }[];
}

/** All repositories are there; nothing is backed up to but the vault. */
async function prepared(
  repositories: Readonly<Record<string, { readonly type: string }>>,
  job: Readonly<Record<string, unknown>> = {},
  cheap = true,
): Promise<Project> {
  const keys = cheap ? 'cheap' : 'real';
  const project = makeProject({ sources: { app: { type: 'sqlite', path: 'app.db' } }, repositories, keys });
  const file = join(project.folder, 'surety.yaml');
  const configuration = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(configuration.jobs.main, { to: ['vault'], ...job });
  writeFileSync(file, JSON.stringify(configuration));
  const database = new DatabaseSync(join(project.folder, 'app.db'));
  database.exec(
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO people (name) VALUES ('ada'), ('bob')",
  );
  database.close();
  mkdirSync(project.data, { recursive: true });
  writeFileSync(join(project.data, 'day'), 'one');
  const kinds = Object.entries({ vault: { type: 'restic' }, ...repositories });
  for (const [name] of cheap ? kinds.filter(([, { type }]) => type === 'restic') : []) {
    await using store = await openLocalStore({ path: join(project.folder, name), create: true });
    await initCheaply(store, PASSWORD);
  }
  if (!cheap || kinds.some(([, { type }]) => type !== 'restic')) await project.here.run('init');
  return project;
}

async function listed({ here: surety }: Project, repository: string): Promise<readonly Listed[]> {
  const { repositories } = await surety.json<{ repositories: { snapshots: readonly Listed[] }[] }>(
    'list',
    '--repository',
    repository,
  );
  return repositories[0]!.snapshots;
}

async function attempt({ here: surety }: Project, ...args: readonly string[]) {
  const { code, stdout } = await surety.attempt(...args, '--json');
  return { code, report: JSON.parse(stdout) as Copies };
}

const OWN_TAG = /^(surety$|source=|point=)/;

/** What is the same in every repository. */
function shared({ time, host, source, paths, tags, recoveryPoint }: Listed) {
  return { time, host, source, paths, recoveryPoint, tags: tags.filter((tag) => !OWN_TAG.test(tag)).sort() };
}

describe('a copy', { concurrency: 2 }, () => {
  test('has everything, whatever kinds of repositories it goes from and to', async () => {
    await using project = await prepared({
      ...{ offsite: restic('offsite'), plain: archive('plain'), second: archive('second'), back: restic('back') },
    });
    makeNastyTree(join(project.data, 'tree'));
    // A socket is in no archive: nothing could be restored of it.
    rmSync(join(project.data, 'tree', 'special', 'socket'), { force: true });
    await project.here.run('backup', 'main');
    const way = [
      ['vault', 'offsite', true],
      ['vault', 'plain', false],
      ['plain', 'second', true],
      ['second', 'back', false],
    ] as const;
    for (const [from, to, asStored] of way) {
      const { code, report } = await attempt(project, 'copy', '--from', from, '--to', to);
      assert.equal(code, 0, JSON.stringify(report));
      const { members } = report.copies[0]!;
      assert.deepEqual(
        members.map((one) => [one.snapshot.source, one.outcome, one.asStored]),
        [
          ['app', 'ok', asStored],
          ['files', 'ok', asStored],
        ],
      );
      assert.deepEqual(
        members.map(({ copy }) => shared(copy!)),
        members.map(({ snapshot }) => shared(snapshot)),
      );
      // What is the same bytes needs no second look.
      if (to === 'second') continue;
      const target = project.newTarget();
      const said = await project.here.run('restore', 'latest', '--repository', to, '--target', target);
      assert.match(said, /fingerprint: as recorded: 1 table, 2 rows/);
      // Holes are not restored of an archive.
      const how = { sparse: to === 'offsite' || to === 'back' };
      assert.deepEqual(compareTrees(project.data, join(target, project.data), how), [], `${from} to ${to}`);
    }
    const back = await listed(project, 'back');
    assert.deepEqual(back[0]?.copies.toSorted(), ['back', 'offsite', 'plain', 'second', 'vault']);
    assert.deepEqual(back.map(({ state }) => state).sort(), ['proven', 'proven']);
    const again = await attempt(project, 'copy', '--from', 'plain', '--to', 'offsite');
    assert.deepEqual([again.report.copies[0]?.members.length, again.report.copies[0]?.present], [0, 2]);
  });

  test('is what the real restic takes for one, and the other way round', { skip: without }, async () => {
    await using project = await prepared({ ours: restic('ours'), theirs: restic('theirs') });
    await project.here.run('backup', 'main');
    await project.here.run('copy', '--to', 'ours');
    const [ours, theirs] = ['ours', 'theirs'].map((name) => resticFor(join(project.folder, name), PASSWORD));
    const env = ['--from-repo', project.repository, '--from-password-file', join(project.folder, 'password')];
    writeFileSync(join(project.folder, 'password'), PASSWORD);
    assert.match(await ours!.run('copy', ...env, '--no-cache'), /skipping|was already copied/);
    await theirs!.run('copy', ...env, '--no-cache');
    const { report } = await attempt(project, 'copy', '--to', 'theirs', '--all');
    assert.deepEqual([report.copies[0]?.members.length, report.copies[0]?.present], [0, 2]);
    for (const one of [ours!, theirs!]) {
      await one.run('check', '--read-data', '--no-cache');
      const [first] = await one.json<{ original?: string }[]>('snapshots', '--no-cache');
      assert.match(first?.original ?? '', /^[0-9a-f]{64}$/);
    }
    // What restic made is copied as well, and recognised.
    await project.restic.runIn(project.folder, 'backup', 'data', '--no-cache');
    await project.here.run('copy', '--to', 'ours');
    assert.match(await project.here.run('copy', '--to', 'ours'), /0 snapshots copied, 3 there already/);
  });

  test('comes from whichever repository has it whole', async () => {
    await using project = await prepared(
      { twin: restic('twin'), offsite: restic('offsite') },
      { to: ['vault', 'twin'] },
    );
    await project.here.run('backup', 'main');
    const [pack] = packsOf(project.repository);
    damage(pack!);
    const alone = await attempt(project, 'copy', '--from', 'vault', '--to', 'offsite');
    assert.equal(alone.code, 1);
    const failed = alone.report.copies[0]!.members.filter(({ outcome }) => outcome === 'failed');
    assert.ok(failed.length >= 1);
    assert.match(failed[0]!.error?.message ?? '', /is damaged/);
    assert.ok((await listed(project, 'offsite')).length < 2);
    const { code, report } = await attempt(project, 'copy', '--to', 'offsite');
    assert.equal(code, 3, 'it is worth a warning');
    assert.ok(report.copies[0]!.members.some(({ from }) => from === 'twin'));
    const passed = report.copies[0]!.members.flatMap(({ warnings }) => warnings);
    assert.match(passed[0]?.message ?? '', /repository vault: .*taken from repository twin/);
    await project.here.run('verify', '--repository', 'offsite', '--read-data');
    assert.equal((await listed(project, 'offsite')).length, 2);
  });

  test('is made after each run of its job; one that fails takes nothing from the backup, and is made up for', async () => {
    const copyTo = ['offsite', { repository: 'plain', keep: { last: 1 } }];
    await using project = await prepared({ offsite: restic('offsite'), plain: archive('plain') }, { copy_to: copyTo });
    await project.here.run('backup');
    assert.equal((await listed(project, 'offsite')).length, 2);
    chmodSync(join(project.folder, 'plain'), 0o755);
    const aside = join(project.folder, 'offsite');
    const config = readFileSync(join(aside, 'config'));
    rmSync(join(aside, 'config'));
    writeFileSync(join(project.data, 'day'), 'two');
    const failing = await project.here.attempt('backup', '--json');
    assert.equal(failing.code, 1);
    const [run] = (JSON.parse(failing.stdout) as { runs: { outcome: string; copies: Copies['copies'] }[] }).runs;
    assert.equal(run?.outcome, 'ok');
    assert.deepEqual(
      run.copies.map((one) => [one.to, 'error' in one]),
      [
        ['offsite', true],
        ['plain', false],
      ],
    );
    writeFileSync(join(aside, 'config'), config);
    writeFileSync(join(project.data, 'day'), 'three');
    await project.here.run('backup');
    const { code, report } = await attempt(project, 'copy', 'main');
    assert.equal(code, 0);
    assert.deepEqual(
      report.copies.map(({ to, members }) => [to, members.length]),
      [
        ['offsite', 2],
        ['plain', 0],
      ],
    );
    assert.equal((await listed(project, 'offsite')).length, 6);
    await project.here.run('cleanup', '--repository', 'plain');
    assert.equal((await listed(project, 'plain')).length, 2);
    // What was let go does not come back.
    const later = await attempt(project, 'copy', 'main');
    assert.deepEqual(
      later.report.copies.map(({ members, passedOver }) => [members.length, passedOver]),
      [
        [0, 0],
        [0, 4],
      ],
    );
  });

  test('chooses by id and latest; the newest complete recovery point goes first', async () => {
    await using project = await prepared({ plain: archive('plain') });
    for (const day of ['one', 'two']) {
      writeFileSync(join(project.data, 'day'), day);
      await project.here.run('backup', 'main');
    }
    const vault = await listed(project, 'vault');
    const [newest, older] = [vault[0]!.recoveryPoint, vault[3]!.recoveryPoint];
    const plan = await attempt(project, 'copy', '--to', 'plain', '--dry-run');
    assert.deepEqual(
      plan.report.copies[0]!.members.map(({ snapshot }) => [snapshot.recoveryPoint, snapshot.source]),
      [
        [newest, 'app'],
        [newest, 'files'],
        [older, 'app'],
        [older, 'files'],
      ],
    );
    assert.deepEqual(await listed(project, 'plain'), []);
    await project.here.run('copy', older, '--to', 'plain');
    await project.here.run('copy', 'latest', '--source', 'files', '--to', 'plain');
    assert.deepEqual(
      (await listed(project, 'plain')).map(({ source, recoveryPoint }) => [recoveryPoint, source]),
      [
        [newest, 'files'],
        [older, 'files'],
        [older, 'app'],
      ],
    );
  });

  test('of what both repositories were given costs nothing where they cut alike, as those of one job do', async () => {
    await using project = await prepared(
      { twin: restic('twin'), offsite: restic('offsite') },
      { to: ['vault', 'twin'], copy_to: ['offsite'] },
      false,
    );
    writeFileSync(join(project.data, 'large'), noise(1, 12 << 20));
    await project.here.run('backup');
    // A snapshot of another time has the same content: what offsite was given by the one, it needs not from the other.
    writeFileSync(join(project.data, 'small'), 'changed');
    await project.here.run('backup', '--repository', 'twin');
    const { code, report } = await attempt(project, 'copy', '--from', 'twin', '--to', 'offsite');
    assert.equal(code, 0);
    const stored = report.copies[0]!.members.map(({ storedBytes }) => storedBytes);
    assert.equal(stored.length, 2);
    assert.ok(Math.max(...stored) < 100_000, `stored ${stored}`);
    if (without === false) {
      const { stdout, code: checked } = await project.restic.attempt('cat', 'config', '--no-cache');
      assert.deepEqual([checked, /chunker_polynomial/.test(stdout)], [0, true]);
      await resticFor(join(project.folder, 'twin'), PASSWORD).run('check', '--no-cache');
    }
  });

  test('of two at once, the second is busy', async () => {
    await using project = await prepared({ offsite: restic('offsite') });
    await project.here.run('backup', 'main');
    const ends = await Promise.all([1, 2, 3].map(() => project.surety.attempt('copy', '--to', 'offsite')));
    assert.ok(ends.some(({ code }) => code === 0));
    assert.ok(ends.every(({ code }) => code === 0 || code === 4));
    assert.equal((await listed(project, 'offsite')).length, 2);
  });
});

function packsOf(repository: string): string[] {
  const folder = join(repository, 'data');
  const packs = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const paths = packs.map((one) => join(one.parentPath, one.name));
  return paths.sort((left, right) => statSync(right).size - statSync(left).size);
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[40]! ^= 1;
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}
