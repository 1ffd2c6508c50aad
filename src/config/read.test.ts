import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { configPlaces, readConfig } from './read.ts';

const startFolder = process.cwd();
let here = '';
let user = '';
before(async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'surety-read-')));
  here = join(folder, 'here');
  user = join(folder, 'user');
  await mkdir(join(user, 'surety'), { recursive: true });
  await mkdir(here);
  process.chdir(here);
  process.env.XDG_CONFIG_HOME = user;
});
beforeEach(() => {
  delete process.env.SURETY_CONFIG;
});
after(async () => {
  process.chdir(startFolder);
  await rm(join(here, '..'), { recursive: true });
});

test('places are looked at from the nearest to the farthest', () => {
  const places = [join(here, 'surety.yaml'), join(user, 'surety/surety.yaml'), '/etc/surety/surety.yaml'];
  assert.deepEqual(configPlaces(), places);
});

test('the file here comes before the user’s, and a named one before both', async () => {
  await writeFile(join(user, 'surety/surety.yaml'), 'user');
  assert.equal((await readConfig(undefined)).text, 'user');
  await writeFile(join(here, 'surety.yaml'), 'here', { mode: 0o640 });
  assert.deepEqual(await readConfig(undefined), {
    file: join(here, 'surety.yaml'),
    shownAs: 'surety.yaml',
    text: 'here',
    mode: 0o640,
  });
  await writeFile(join(here, 'variable.yaml'), 'variable');
  await writeFile(join(here, 'named.yaml'), 'named');
  process.env.SURETY_CONFIG = 'variable.yaml';
  assert.equal((await readConfig(undefined)).text, 'variable');
  assert.equal((await readConfig('named.yaml')).text, 'named');
});

test('a named file that is missing is an error, also where another could be found', async () => {
  await assert.rejects(readConfig('gone.yaml'), { code: 'config.missing', message: /file gone.yaml does not exist/ });
  process.env.SURETY_CONFIG = '/gone/too.yaml';
  await assert.rejects(readConfig(undefined), { code: 'config.missing', message: /too.yaml that SURETY_CONFIG names/ });
});

test('when there is none at all, the error lists where it was looked for', async () => {
  await rm(join(here, 'surety.yaml'), { force: true });
  await rm(join(user, 'surety/surety.yaml'), { force: true });
  await assert.rejects(readConfig(undefined), {
    code: 'config.missing',
    message: /looked for surety\.yaml, .*user\/surety\/surety\.yaml, \/etc\/surety\/surety\.yaml/,
    hint: /surety init/,
  });
});

test('a folder in place of the file is an error of its own', async () => {
  await assert.rejects(readConfig('.'), { code: 'config.unreadable' });
});
