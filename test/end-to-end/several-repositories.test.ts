import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeProject, type Project } from '../fixtures/project.ts';

const plain = { type: 'archive', store: 'file:plain' };
const second = { type: 'restic', store: 'file:second', password: { env: 'VAULT_PASSWORD' } };
/** Says something else each time it is run, and how often it was. */
const ticking = { type: 'command', backup: 'echo run >> runs; seq 1 200000; wc -l < runs' };

interface Member {
  readonly source: string;
  readonly repository: string;
  readonly outcome: string;
  readonly error?: { readonly code: string };
}

async function prepared(how: Parameters<typeof makeProject>[0]): Promise<Project> {
  const project = makeProject(how);
  mkdirSync(project.data);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(project.data, name), `content of ${name}`);
  await project.here.run('init');
  return project;
}

const lines = (project: Project, name: string) =>
  readFileSync(join(project.folder, name), 'utf8').split('\n').length - 1;

async function backUp(project: Project) {
  const { code, stdout } = await project.here.attempt('backup', '--json');
  const members = (JSON.parse(stdout) as { runs: { members: Member[] }[] }).runs.flatMap((run) => run.members);
  return { code, members };
}

describe('a job with several repositories', () => {
  test('reads each source once: what all of them have is the same', async () => {
    await using project = await prepared({ sources: { ticking }, repositories: { plain, second } });
    for (const run of [1, 2]) {
      appendFileSync(join(project.data, 'a'), `, changed ${run} times`);
      const { code, members } = await backUp(project);
      assert.equal(code, 0);
      assert.deepEqual(
        members.map(({ source, repository }) => `${source} ${repository}`),
        ['ticking vault', 'ticking plain', 'ticking second', 'files vault', 'files plain', 'files second'],
      );
      assert.equal(lines(project, 'runs'), run);
    }
    const restored = [];
    for (const repository of ['vault', 'plain', 'second']) {
      const target = project.newTarget();
      await project.here.run('restore', 'latest', '--repository', repository, '--target', target);
      const [output] = readdirSync(target).filter((name) => name.includes('ticking'));
      restored.push(readFileSync(join(target, output!), 'utf8'));
      assert.equal(
        readFileSync(join(target, project.data, 'a'), 'utf8'),
        'content of a, changed 1 times, changed 2 times',
      );
    }
    assert.deepEqual(restored, [restored[0], restored[0], restored[0]]);
    assert.match(restored[0]!, /200000\n2\n$/);
  });

  test('stops a service once for all of them', async () => {
    const service = {
      ...{ type: 'service', stop: 'echo stop >> calls; echo stopped > state' },
      ...{ start: 'echo start >> calls; echo running > state', of: { type: 'files', paths: ['volume', 'state'] } },
    };
    await using project = await prepared({ sources: { service }, repositories: { plain } });
    mkdirSync(join(project.folder, 'volume'));
    for (let at = 0; at < 3000; at++) writeFileSync(join(project.folder, 'volume', `f${at}`), `at rest ${at}`);
    const { code } = await backUp(project);
    assert.equal(code, 0);
    assert.equal(readFileSync(join(project.folder, 'calls'), 'utf8'), 'stop\nstart\n');
    for (const repository of ['vault', 'plain']) {
      const target = project.newTarget();
      await project.here.run(
        'restore',
        'latest',
        '--source',
        'service',
        '--repository',
        repository,
        '--target',
        target,
      );
      assert.equal(readFileSync(join(target, 'state'), 'utf8'), 'stopped\n');
      assert.equal(readdirSync(join(target, 'volume')).length, 3000);
    }
  });

  test('has what it has in the others when one is broken, missing or has another password', async () => {
    const locked = { ...second, store: 'file:locked' };
    await using project = await prepared({ sources: { ticking }, repositories: { plain, locked } });
    writeFileSync(join(project.folder, 'locked', 'config'), 'overwritten');
    const { code, members } = await backUp(project);
    assert.equal(code, 1);
    const failed = members.filter(({ outcome }) => outcome === 'failed');
    assert.deepEqual(new Set(failed.map(({ repository }) => repository)), new Set(['locked']));
    assert.equal(members.filter(({ outcome }) => outcome === 'ok').length, 4);
    assert.equal(lines(project, 'runs'), 1);
  });
});
