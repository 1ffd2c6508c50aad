import assert from 'node:assert/strict';
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
import { afterEach, beforeEach, describe, test } from 'node:test';
import { suretyHere } from '../fixtures/surety-here.ts';
import { makeDatabase } from './sample-database.ts';

describe('surety init', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-init-'));
    mkdirSync(join(folder, 'my photos'));
    writeFileSync(join(folder, 'my photos', 'a.jpg'), 'a');
    makeDatabase(join(folder, 'app.db'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const flags = ['--folder', 'my photos', '--sqlite', 'app.db', '--store', 'vault', '--password-file', 'password'];

  test('flags answer everything: configuration, private password and repository are there, and a backup works', async () => {
    const surety = suretyHere(folder);
    const output = await surety.run('init', ...flags);
    assert.match(output, /wrote .*surety\.yaml\nmade repository vault/);
    assert.match(output, /without the password nothing can be restored/);
    assert.equal(statSync(join(folder, 'password')).mode & 0o777, 0o600);
    assert.ok(readFileSync(join(folder, 'password'), 'utf8').length > 30);
    await surety.run('config', 'check');
    const check = await surety.attempt('check');
    assert.equal(check.code, 0, check.stdout + check.stderr);
    assert.match(check.stdout, /\nAll is well\.\n$/);
    const file = join(folder, 'surety.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('- my photos', '- .'));
    const doubted = await surety.attempt('check');
    assert.match(doubted.stderr, /warning: .*the repository vault is inside of it/);
    assert.match(doubted.stdout, /\nAll is well but for the warnings\.\n$/);
    assert.match(await surety.run('backup'), /app → vault[\s\S]*my-photos → vault[\s\S]*is complete/);
    const shown = await surety.run('show', 'latest', '--entries');
    assert.equal(shown.match(/^-.* app\.db$/gm)?.length, 1, `the database is stored by its own source only:\n${shown}`);
  });

  test('it never overwrites a configuration, and without flags makes the repositories that are missing', async () => {
    const surety = suretyHere(folder);
    await surety.run('init', ...flags, '--no-repository');
    assert.equal(existsSync(join(folder, 'vault')), false);
    const text = readFileSync(join(folder, 'surety.yaml'), 'utf8');
    const refused = await surety.attempt('init', ...flags);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /surety\.yaml exists, and init never overwrites it/);
    assert.equal(readFileSync(join(folder, 'surety.yaml'), 'utf8'), text);
    assert.match(await surety.run('init'), /made repository vault/);
    assert.match(await surety.run('init'), /repository vault is there already, .* and opens/);
  });

  test('a password that is missing is found before anything is made, and the same call works with it', async () => {
    const surety = suretyHere(folder);
    const byVariable = ['--folder', 'my photos', '--store', 'vault', '--password-env', 'VAULT_PASSWORD'];
    const refused = await surety.attempt('init', ...byVariable);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /the variable VAULT_PASSWORD .* is not set/);
    assert.deepEqual(readdirSync(folder).sort(), ['.home', 'app.db', 'my photos']);
    writeFileSync(join(folder, 'blank'), '\n', { mode: 0o600 });
    const blank = await surety.attempt('init', '--folder', 'my photos', '--store', 'vault', '--password-file', 'blank');
    assert.match(blank.stderr, /the password of repository vault is empty/);
    assert.deepEqual(readdirSync(folder).sort(), ['.home', 'app.db', 'blank', 'my photos']);
    await suretyHere(folder, { VAULT_PASSWORD: 'of the vault' }).run('init', ...byVariable);
    const file = join(folder, 'surety.yaml');
    const first = '  another:\n    type: archive\n    store: file:another\n  vault:\n';
    writeFileSync(file, readFileSync(file, 'utf8').replace('  vault:\n', first));
    const later = await surety.attempt('init');
    assert.equal(later.code, 2);
    assert.equal(existsSync(join(folder, 'another')), false, 'a repository was made before all passwords were there');
    assert.equal(existsSync(file), true, 'a configuration of before stays');
  });

  test('what was made before another repository failed is told', async () => {
    const surety = suretyHere(folder);
    await surety.run('init', ...flags, '--no-repository');
    const file = join(folder, 'surety.yaml');
    const away = '  zaway:\n    type: restic\n    store: file:/proc/none\n    password:\n      file: password\njobs:\n';
    writeFileSync(file, readFileSync(file, 'utf8').replace('jobs:\n', away));
    const failed = await surety.attempt('init');
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /^made repository vault .*\nsurety: [\s\S]*\/proc\/none/m);
    assert.match((await surety.attempt('init')).stderr, /repository vault is there already/);
  });

  test('a schedule does nothing by itself, and init says so', async () => {
    const output = await suretyHere(folder).run('init', ...flags, '--schedule', '7 3 * * *');
    assert.match(output, /`surety schedule export`/);
  });

  test('without a terminal it asks nothing and names the flags that are missing', async () => {
    const done = await suretyHere(folder).attempt('init', '--folder', 'my photos');
    assert.equal(done.code, 2);
    assert.match(done.stderr, /hint: give --store FOLDER and --password-file FILE or --password-env NAME/);
    assert.equal(existsSync(join(folder, 'surety.yaml')), false);
  });

  test('answers that can not be right leave nothing behind', async () => {
    const surety = suretyHere(folder);
    const missing = await surety.attempt('init', ...flags, '--folder', 'nothing');
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /nothing does not exist/);
    const schedule = await surety.attempt('init', ...flags, '--schedule', 'daily at noon');
    assert.equal(schedule.code, 2);
    assert.match(schedule.stderr, /jobs\.main\.schedule/);
    for (const name of ['surety.yaml', 'password', 'vault']) assert.equal(existsSync(join(folder, name)), false, name);
  });
});
