import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { locate } from '../fixtures/programs.ts';
import { makeProject, type Project } from '../fixtures/project.ts';

const plain = { type: 'archive', store: 'file:plain' };
const second = { type: 'restic', store: 'file:second', password: { env: 'VAULT_PASSWORD' } };

interface Healed {
  readonly outcome: string;
  readonly repositories: readonly {
    readonly repository: string;
    readonly outcome: string;
    readonly replaced: readonly { readonly from: string }[];
    readonly healed?: { readonly healed: readonly { readonly from: string }[]; readonly lost: { blobs: number } };
  }[];
}

const packsIn = (folder: string): string[] =>
  readdirSync(join(folder, 'data'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, 'data', name))
    .filter((path) => statSync(path).isFile());

function spoil(path: string): void {
  const bytes = readFileSync(path);
  bytes[60]! ^= 0x55;
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

describe('surety check --repair', () => {
  let project: Project;
  let large: string;
  const inFolder = (...names: string[]) => join(project.folder, ...names);

  before(async () => {
    project = makeProject({ repositories: { second, plain } });
    mkdirSync(project.data);
    large = join(project.data, 'large.bin');
    writeFileSync(large, noise(1, 3_000_000));
    mkdirSync(join(project.data, 'sub'));
    writeFileSync(join(project.data, 'sub', 'small'), 'small');
    await project.here.run('init');
    await project.here.run('backup');
  });
  after(() => project[Symbol.asyncDispose]());

  async function repair(...args: string[]): Promise<{ readonly code: number | null; readonly report: Healed }> {
    const { code, stdout } = await project.here.attempt('check', '--repair', '--json', ...args);
    return { code, report: JSON.parse(stdout) };
  }

  test('heals each repository from the others: every pack of one, other files of the next, an archive', async () => {
    for (const path of packsIn(project.repository)) spoil(path);
    const archive = execFileSync('find', [inFolder('plain'), '-name', '*.tar.*'], { encoding: 'utf8' }).trim();
    spoil(archive);

    const planned = await repair('--read-data', '--dry-run');
    assert.equal(planned.code, 3);
    assert.deepEqual(
      planned.report.repositories.map(({ repository, outcome }) => [repository, outcome]),
      [
        ['vault', 'warnings'],
        ['second', 'ok'],
        ['plain', 'warnings'],
      ],
    );

    const { code, report } = await repair('--read-data');
    assert.equal(code, 3);
    assert.deepEqual(
      report.repositories[0]!.healed!.healed.map(({ from }) => from),
      ['repository second'],
    );
    // Nobody has the archive byte for byte: what is in it is packed anew.
    const { replaced } = report.repositories[2]!;
    assert.deepEqual(
      replaced.map(({ from }) => from),
      ['vault'],
    );
    await project.here.run('verify', '--read-data');
    if (locate('restic') !== undefined) {
      await project.restic.run('check', '--read-data', '--no-cache');
      assert.match(await project.restic.run('snapshots', '--no-cache'), /1 snapshots/);
    }
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--repository', 'vault', '--target', target);
    assert.deepEqual(compareTrees(project.data, join(target, project.data)), []);
    assert.match(await project.here.run('audit'), /check --repair/);
  });

  test('heals from an archive, and from the source, what only they have', async () => {
    for (const from of ['repository plain', 'source files']) {
      for (const path of [...packsIn(project.repository), ...packsIn(inFolder('second'))])
        if (statSync(path).size > 500_000) rmSync(path);
      const hidden = inFolder(from === 'source files' ? 'plain' : 'data');
      if (from === 'source files') renameAway(hidden);
      const { code, report } = await repair('--repository', 'vault', '--repository', 'second');
      if (from === 'source files') renameBack(hidden);
      assert.equal(code, 3, JSON.stringify(report));
      // The second one is cut as the first is, and takes what that has got back.
      assert.deepEqual(
        report.repositories.map((one) => one.healed?.healed.map((place) => place.from)),
        [[from], ['repository vault']],
      );
    }
    await project.here.run('verify', '--read-data');
  });

  const renameAway = (path: string) => execFileSync('mv', [path, `${path}.away`]);
  const renameBack = (path: string) => execFileSync('mv', [`${path}.away`, path]);

  test('of what is nowhere else says what it costs, and keeps all the rest', async () => {
    await using alone = makeProject();
    mkdirSync(alone.data);
    for (const name of ['one', 'two']) writeFileSync(join(alone.data, name), noise(name === 'one' ? 5 : 6, 600_000));
    await alone.here.run('init');
    await alone.here.run('backup');
    const changed = noise(9, 600_000);
    writeFileSync(join(alone.data, 'two'), changed);
    for (const path of packsIn(alone.repository)) if (statSync(path).size > 500_000) rmSync(path);
    const done = await alone.here.attempt('check', '--repair');
    assert.equal(done.code, 1);
    assert.match(done.stdout, /healed from source files: \d piece/);
    assert.match(done.stdout, /lost: \d pieces? of content; can not be restored whole: .*[0-9a-f]{8}:\S*two\n/);
    assert.match(done.stdout, /Next: what is lost here/);
    const target = alone.newTarget();
    await alone.here.attempt('restore', 'latest', '--target', target);
    assert.deepEqual(readFileSync(join(target, alone.data, 'one')), readFileSync(join(alone.data, 'one')));
    const next = await alone.here.attempt('backup');
    assert.equal(next.code, 0, next.stderr);
    const again = await alone.here.attempt('verify', '--read-data', '--json');
    assert.equal(JSON.parse(again.stdout).bad.length, 1, 'the first snapshot only');
  });

  test('has options of its own, and no others', async () => {
    const wrong = await project.here.attempt('check', '--dry-run');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /are for --repair/);
  });
});
