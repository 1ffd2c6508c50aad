import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { checkConfig } from '../../config/parse.ts';
import { importConfig, readInput } from '../import.ts';

const TESTDATA = join(import.meta.dirname, '..', 'testdata');

function configOf(name: string) {
  const folder = join(TESTDATA, name);
  const files = ['backup.yaml', ...globSync('*.env', { cwd: folder })];
  const inputs = files.map((file) => readInput(basename(file), readFileSync(join(folder, file))));
  const { text, notCarried } = importConfig({ inputs, format: undefined });
  const { config } = checkConfig({ file: '/srv/surety.yaml', shownAs: 'surety.yaml', text, mode: 0o600 });
  assert.ok(config !== undefined);
  return { config, notCarried };
}

const places = {
  'avalanche-azure': { kind: 'azure', options: { container: 'avalanche-backups', prefix: 'production' } },
  'avalanche-gcs': {
    kind: 'gcs',
    options: { bucket: 'avalanche-backups', prefix: 'production', projectId: 'your-project-id' },
  },
  'avalanche-s3': {
    kind: 's3',
    options: { bucket: 'avalanche-backups', prefix: 'production', region: 'us-east-1' },
  },
};

for (const [name, place] of Object.entries(places)) {
  test(`${name}: the copy in the cloud is a repository that works, and nothing of it is left out`, () => {
    const { config, notCarried } = configOf(name);
    const cloud = config.repositories.find((one) => one.name === 'cloud');
    assert.equal(cloud?.kind, 'archive');
    assert.equal(cloud.store.kind, place.kind);
    assert.partialDeepStrictEqual(cloud.store.options, place.options);
    const cloudSettings = notCarried.filter(({ key }) => /cloud|AZURE|GOOGLE|AWS/.test(key));
    assert.deepEqual(cloudSettings, []);
    const targets = Object.fromEntries(config.jobs.map((job) => [job.name, job.to]));
    assert.deepEqual(Object.keys(targets), ['database', 'files', 'full']);
  });
}
