import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SshServer } from '../../test/fixtures/ssh-server.ts';
import type { Place, Step, Tool } from '../tools/tool.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'surety');

/** Tools that bring the files of the server at `port`, through a slow line, to this machine. */
export function pullTools(server: SshServer, port: number): readonly Tool[] {
  return [
    surety(server, port),
    rsync('rsync -a', ['-a'], server, port),
    rsync('rsync -aHAX', ['-aHAX'], server, port),
    borg(server, port),
  ];
}

function surety(server: SshServer, port: number): Tool {
  return {
    name: 'surety',
    version: [program, '--version'],
    prepare(place) {
      const { user, identityFile, knownHosts } = server;
      const configuration = {
        hosts: { far: { ssh: `${user}@127.0.0.1:${port}`, identity_file: identityFile, known_hosts: knownHosts } },
        sources: { data: { type: 'files', host: 'far', paths: [place.data] } },
        repositories: {
          vault: { type: 'restic', store: `file:${place.repository}`, password: { env: 'BENCH_PASSWORD' } },
        },
        jobs: { bench: { sources: ['data'], to: ['vault'], keep: { last: 10 } } },
      };
      writeFileSync(join(place.home, 'surety.yaml'), JSON.stringify(configuration, undefined, 2));
    },
    command(step, place) {
      const env = {
        HOME: place.home,
        XDG_STATE_HOME: place.home,
        XDG_CACHE_HOME: join(place.home, 'cache'),
        BENCH_PASSWORD: 'bench',
      };
      const run = (...args: string[]) => ({ argv: [program, ...args], cwd: place.home, env });
      if (step === 'init') return run('init');
      return isBackup(step) ? run('backup', 'bench') : undefined;
    },
    restored: (place) => join(place.target, place.data),
  };
}

/** A plain copy of the tree: no versions, no encryption. */
function rsync(name: string, flags: readonly string[], server: SshServer, port: number): Tool {
  return {
    name,
    version: ['rsync', '--version'],
    command(step, place) {
      if (!isBackup(step)) return undefined;
      const from = `${server.user}@127.0.0.1:${place.data}/`;
      const options = [...flags, '--numeric-ids', '--delete', '-e', shell(server, port)];
      return { argv: ['rsync', ...options, from, `${place.repository}/`], env: {} };
    },
    restored: (place) => place.repository,
  };
}

const ARCHIVES: Partial<Record<Step, string>> = { first: 'day-1', unchanged: 'day-1-again', 'day-two': 'day-2' };

/** From the other side: it runs where the files are and writes to a repository at the far end of the line. */
function borg(server: SshServer, port: number): Tool {
  return {
    name: 'borg over ssh',
    version: ['borg', '--version'],
    command(step, place) {
      const env = {
        BORG_REPO: `ssh://${server.user}@127.0.0.1:${port}${place.repository}/borg`,
        BORG_RSH: shell(server, port),
        BORG_PASSPHRASE: 'bench',
        BORG_BASE_DIR: join(place.home, 'base'),
      };
      if (step === 'init') return { argv: ['borg', 'init', '--encryption', 'repokey'], env };
      if (!isBackup(step)) return undefined;
      return { argv: ['borg', 'create', '--compression', 'zstd,3', `::${ARCHIVES[step]}`, '.'], cwd: place.data, env };
    },
    restored: (place: Place) => place.target,
  };
}

function shell({ identityFile, knownHosts }: SshServer, port: number): string {
  return `ssh -F none -p ${port} -i ${identityFile} -o UserKnownHostsFile=${knownHosts} -o BatchMode=yes`;
}

function isBackup(step: Step): boolean {
  return step === 'first' || step === 'unchanged' || step === 'day-two';
}
