import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { type Restic, type ResticSnapshot, resticFor } from '../fixtures/restic.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import { suretyIn } from '../fixtures/surety.ts';

const FILES = [
  ...[
    'letter.txt',
    'draft.tmp',
    '{odd}',
    'odd',
    'sub/deep/keep.txt',
    'sub/deep/cache/x',
    'cache/y',
    'other/cache/deep/z',
  ],
  ...['large.bin', 'tagged/CACHEDIR.TAG', 'tagged/inside', 'lost+found/file', 'film.saving'],
];

describe('a script that runs restic is imported', { skip: skipWithout('restic') }, () => {
  let folder = '';
  let restic: Restic;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'surety-import-restic-'));
    for (const file of FILES) {
      const path = join(folder, 'my data', file);
      mkdirSync(dirname(path), { recursive: true });
      const tag = 'Signature: 8a477f597d28d172789f06886806bc55';
      writeFileSync(path, file.endsWith('TAG') ? tag : file === 'large.bin' ? Buffer.alloc(3 * 2 ** 20) : file);
    }
    writeFileSync(join(folder, 'pass word'), 'secret\n', { mode: 0o600 });
    const script = `#!/bin/bash
set -e
HERE='${folder}'
export RESTIC_REPOSITORY="$HERE/vault" RESTIC_PASSWORD_FILE="$HERE/pass word"
restic init
restic backup --quiet "$HERE/my data" --exclude='*.tmp' -e 'deep/cache' --exclude "$HERE/my data/cache" \\
  --exclude '{odd}' --exclude-caches --exclude-larger-than 2M
restic forget --keep-last 5
`;
    writeFileSync(join(folder, 'backup.sh'), script);
    restic = resticFor(join(folder, 'vault'), 'secret');
    const path = `${dirname(locate('restic') ?? '')}:${process.env.PATH}`;
    await expectSuccess(['bash', join(folder, 'backup.sh')], { env: { PATH: path } });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('Surety opens the same repository, and backs up exactly the same files', async () => {
    const surety = suretyIn(folder);
    await surety.run('import', 'backup.sh');
    const old = await restic.json<ResticSnapshot[]>('snapshots');
    const [first] = old;
    assert.equal(old.length, 1);
    assert.match(await surety.run('list'), new RegExp(first!.id.slice(0, 8)));
    await surety.run('backup');
    const all = await restic.json<ResticSnapshot[]>('snapshots');
    const made = all.find(({ id }) => id !== first!.id);
    assert.deepEqual(await pathsIn(made!.id), await pathsIn(first!.id));
    assert.ok((await pathsIn(first!.id)).some((path) => path.endsWith('/lost+found/file')));
  });

  /** Files below the protected folder, as restic lists them. */
  async function pathsIn(id: string): Promise<string[]> {
    const lines = (await restic.run('ls', id)).split('\n');
    return lines.filter((line) => line.includes('/my data/')).sort();
  }
});
