import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise, prose } from '../fixtures/content.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { type Restic, type ResticSnapshot, resticFor } from '../fixtures/restic.ts';
import { SSH_PROGRAMS, type SshServer, startSshServer } from '../fixtures/ssh-server.ts';

describe('Surety and real restic on one SFTP server', { skip: skipWithout('restic', ...SSH_PROGRAMS) }, () => {
  let server: SshServer;
  let project: Project;
  let restic: Restic;

  before(async () => {
    server = await startSshServer();
    const { host, user, port } = server;
    const path = join(server.folder, 'vault');
    const keys = { identity_file: server.identityFile, known_hosts: server.knownHosts };
    const vault = {
      type: 'restic',
      store: { sftp: { host, user, port, path, ...keys } },
      password: { env: 'VAULT_PASSWORD' },
    };
    project = makeProject({ repositories: { vault } });
    // restic takes what it is to run from this option, and adds nothing to it.
    const command = `ssh -F ${server.sshConfig} surety-test -s sftp`;
    const bare = resticFor(`sftp:surety-test:${path}`, PASSWORD);
    const option = ['-o', `sftp.command=${command}`] as const;
    restic = {
      run: (...args) => bare.run(...option, ...args),
      runIn: (cwd, ...args) => bare.runIn(cwd, ...option, ...args),
      attempt: (...args) => bare.attempt(...option, ...args),
      json: (...args) => bare.json(...option, ...args),
    };
    mkdirSync(project.data);
    for (let file = 0; file < 30; file++) writeFileSync(join(project.data, `file-${file}`), prose(file, 20_000));
    writeFileSync(join(project.data, 'large'), noise(1, 6_000_000));
  });

  after(async () => {
    await project[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test('each checks, restores and continues what the other wrote', async () => {
    await project.here.run('init');
    await project.here.run('backup');
    await restic.run('check', '--read-data');
    writeFileSync(join(project.data, 'added'), noise(2, 1_000_000));
    await restic.run('backup', project.data);
    await project.here.run('verify', '--read-data');
    const snapshots = await restic.json<ResticSnapshot[]>('snapshots');
    assert.equal(snapshots.length, 2);
    const [ours, theirs] = [project.newTarget(), project.newTarget()];
    const newest = snapshots[1]?.id ?? '';
    await project.here.run('restore', newest, '--target', ours);
    await restic.run('restore', newest, '--target', theirs);
    assert.deepEqual(compareTrees(project.data, join(ours, project.data), { times: false }), []);
    assert.deepEqual(compareTrees(join(theirs, project.data), join(ours, project.data)), []);
    await project.here.run('backup');
    await restic.run('check');
  });

  test('Surety opens what restic made there', async () => {
    const path = join(server.folder, 'theirs');
    const theirs = resticFor(`sftp:surety-test:${path}`, PASSWORD);
    const option = ['-o', `sftp.command=ssh -F ${server.sshConfig} surety-test -s sftp`];
    await theirs.run(...option, 'init');
    await theirs.run(...option, 'backup', project.data);
    const store = { sftp: { host: 'surety-test', path, ssh_config: server.sshConfig } };
    await using other = makeProject({
      repositories: { vault: { type: 'restic', store, password: { env: 'VAULT_PASSWORD' } } },
    });
    const target = other.newTarget();
    await other.here.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(project.data, join(target, project.data)), []);
  });
});
