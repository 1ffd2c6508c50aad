import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { endOf, hasEnded } from '../fixtures/child-end.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { childEnvironment, locate } from '../fixtures/programs.ts';
import { SURETY, type Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { makeNastyTree } from '../fixtures/tree.ts';
import { until } from '../fixtures/until.ts';

/** tar does not know where a file has holes. */
const TAR_LIMITS = { sparse: false };

interface Listed {
  readonly repositories: readonly { readonly snapshots: readonly { readonly id: string; readonly source: string }[] }[];
}

function sh(script: string, cwd: string): string {
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], { cwd, encoding: 'utf8' });
}

describe('plain archives, read by hand', () => {
  let folder = '';
  let surety: Surety;
  const only = (kind: string, ending: string) =>
    join('backups', kind, readdirSync(join(folder, 'backups', kind)).find((name) => name.endsWith(ending)) ?? '');

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'surety-archive-'));
    surety = suretyHere(folder);
    mkdirSync(join(folder, 'data'));
    makeNastyTree(join(folder, 'data', 'datasets'));
    const database = new DatabaseSync(join(folder, 'app.db'));
    database.exec("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('a'), ('b')");
    database.close();
    const configuration = {
      sources: { app: { type: 'sqlite', path: 'app.db' }, data: { type: 'files', paths: ['data/datasets'] } },
      repositories: { plain: { type: 'archive', store: 'file:backups' } },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
    await surety.run('init');
    await surety.attempt('backup');
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('tar brings back the tree at its relative path, with all metadata', () => {
    const target = join(folder, 'by-hand');
    mkdirSync(target);
    sh(`tar --xattrs --xattrs-include='*' --same-owner -xpzf ${only('files', '.tar.gz')} -C ${target}`, folder);
    assert.deepEqual(compareTrees(join(folder, 'data/datasets'), join(target, 'data/datasets'), TAR_LIMITS), []);
  });

  test('Surety restores the same tree from it', async () => {
    await surety.run('restore', 'latest', '--source', 'data', '--target', 'restored');
    assert.deepEqual(
      compareTrees(join(folder, 'data/datasets'), join(folder, 'restored/data/datasets'), TAR_LIMITS),
      [],
    );
  });

  test('gunzip brings back the database', () => {
    const rows = sh(`gunzip -c ${only('database', '.db.gz')} > copy.db`, folder);
    assert.equal(rows, '');
    using database = new DatabaseSync(join(folder, 'copy.db'));
    assert.deepEqual(database.prepare('SELECT count(*) AS n FROM users').get()?.n, 2);
  });

  test('the checksum in the metadata is what sha256sum says', () => {
    const sidecar = JSON.parse(readFileSync(join(folder, only('files', '_metadata.json')), 'utf8'));
    assert.equal(sh(`sha256sum ${only('files', '.tar.gz')}`, folder).split(' ')[0], sidecar.checksum);
  });

  test('ids are taken by every command', async () => {
    const { repositories } = await surety.json<Listed>('list');
    const id = repositories[0]?.snapshots.find(({ source }) => source === 'data')?.id ?? '';
    assert.match(id, /^files_\d{8}_\d{6}$/);
    assert.match(await surety.run('show', id), new RegExp(id));
    assert.match(await surety.run('verify', id, '--read-data'), /no problems/);
    await surety.run('restore', id, '--path', 'data/datasets/files/text', '--target', 'one');
    assert.ok(existsSync(join(folder, 'one/data/datasets/files/text')));
  });

  test('damage is named by verify, and such a backup is not restored', async () => {
    const path = join(folder, only('files', '.tar.gz'));
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    rmSync(path);
    writeFileSync(path, bytes);
    const verified = await surety.attempt('verify', '--read-data');
    assert.equal(verified.code, 1);
    assert.match(verified.stdout + verified.stderr, /files_\d{8}_\d{6}.*checksum/s);
    const restored = await surety.attempt('restore', 'latest', '--source', 'data', '--target', 'never');
    assert.equal(restored.code, 1);
    assert.match(restored.stderr + restored.stdout, /checksum is not the one that was recorded/);
    assert.ok(!existsSync(join(folder, 'never', 'data')));
  });
});

test('a backup that is killed leaves nothing that counts, and the next one works', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-killed-'));
  try {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'noise'), noise(11, 20_000_000));
    const configuration = {
      sources: { data: { type: 'files', paths: ['data'] } },
      repositories: { plain: { type: 'archive', store: 'file:backups' } },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
    const surety = suretyHere(folder);
    await surety.run('init');
    const child = spawn(SURETY, ['backup'], { cwd: folder, env: childEnvironment({ HOME: folder }), stdio: 'ignore' });
    const begun = () =>
      readdirSync(join(folder, 'backups')).includes('tmp') && sizeOf(join(folder, 'backups', 'tmp')) > 0;
    await until(() => begun() || hasEnded(child), 'the backup has begun', { everyMs: 5 });
    child.kill('SIGKILL');
    assert.equal(await endOf(child), 137);
    const { repositories } = await surety.json<Listed>('list');
    assert.deepEqual(repositories[0]?.snapshots, []);
    await surety.run('backup');
    await surety.run('verify', '--read-data');
    // In the same second the name of the killed one is still taken.
    assert.deepEqual(
      readdirSync(join(folder, 'backups', 'files'))
        .map((name) => name.replace(/_\d{8}_\d{6}(-2)?/, ''))
        .sort(),
      ['files.tar.gz', 'files_metadata.json'],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

describe('a tree of backups made by Python with tarfile and gzip', {
  skip: locate('python3') === undefined && 'needs python3',
}, () => {
  const SCRIPT = `
import gzip, hashlib, json, os, tarfile
def save(kind, backup_id, name, stamp):
    path = f'backups/{kind}/{name}'
    meta = {'backup_id': backup_id, 'timestamp': stamp, 'backup_type': kind, 'size_bytes': os.path.getsize(path),
            'checksum': hashlib.sha256(open(path, 'rb').read()).hexdigest(), 'files_included': [name],
            'compressed': True, 'encrypted': False, 'status': 'success', 'error_message': None}
    json.dump(meta, open(f'backups/{kind}/{backup_id}_metadata.json', 'w'), indent=2)
for kind in ('database', 'files'): os.makedirs(f'backups/{kind}')
os.makedirs('data/datasets/é'); open('data/datasets/é/x.csv', 'w').write('1,2\\n'); os.symlink('é/x.csv', 'data/datasets/link')
# Python writes times as floating-point numbers.
for path in ('data/datasets/é/x.csv', 'data/datasets/link', 'data/datasets/é', 'data/datasets'): os.utime(path, (1, 1700000000), follow_symlinks=False)
with gzip.open('backups/database/database_20241122_020000.sql.gz', 'wb') as out: out.write(b'SELECT 1;\\n')
save('database', 'database_20241122_020000', 'database_20241122_020000.sql.gz', '2024-11-22T02:00:00')
with tarfile.open('backups/files/files_20241122_030000.tar.gz', 'w:gz') as tar: tar.add('data/datasets', arcname='datasets')
save('files', 'files_20241122_030000', 'files_20241122_030000.tar.gz', '2024-11-22T03:00:00')
`;
  let folder = '';
  let surety: Surety;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-python-'));
    execFileSync('python3', ['-c', SCRIPT], { cwd: folder });
    surety = suretyHere(folder);
    const configuration = { repositories: { old: { type: 'archive', store: 'file:backups' } } };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('it is listed, verified and restored as it is', async () => {
    const { repositories } = await surety.json<Listed>('list');
    const ids = repositories[0]?.snapshots.map(({ id }) => id).sort();
    assert.deepEqual(ids, ['database_20241122_020000', 'files_20241122_030000']);
    await surety.run('verify', '--read-data');
    await surety.run('restore', 'files_20241122_030000', '--target', 'out');
    assert.deepEqual(compareTrees(join(folder, 'data/datasets'), join(folder, 'out/datasets'), TAR_LIMITS), []);
    await surety.run('restore', 'database_20241122_020000', '--target', 'dump');
    assert.equal(readFileSync(join(folder, 'dump/database_20241122_020000.sql'), 'utf8'), 'SELECT 1;\n');
    assert.deepEqual(readdirSync(join(folder, 'backups')).sort(), ['database', 'files']);
  });

  test('init adopts it and changes nothing of it', async () => {
    await surety.run('init');
    assert.deepEqual(
      readdirSync(join(folder, 'backups'))
        .filter((name) => name !== 'tmp')
        .sort(),
      ['archive.json', 'database', 'files'],
    );
    await surety.run('verify', '--read-data');
  });
});
