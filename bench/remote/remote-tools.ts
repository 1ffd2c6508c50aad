import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Access } from '../../test/fixtures/ceph-server.ts';
import type { Place, Tool } from '../tools/tool.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'surety');

/**
 * Tools that write to a bucket of their own at `access`. `place.repository` is a local folder that none of them uses. What Node makes of
 * Surety's code stays in the folder `compiled` from round to round, as on every machine where it ran before.
 */
export function remoteTools(access: S3Access, compiled: string): readonly Tool[] {
  const keys = { AWS_ACCESS_KEY_ID: access.accessKeyId, AWS_SECRET_ACCESS_KEY: access.secretAccessKey };
  return [surety(access, { ...keys, NODE_COMPILE_CACHE: compiled }), restic(access, keys), rclone(access)];
}

type Keys = Readonly<Record<string, string>>;

function surety(access: S3Access, keys: Keys): Tool {
  return {
    name: 'surety',
    version: [program, '--version'],
    prepare(place) {
      const s3 = { bucket: 'bench-surety', endpoint: access.endpoint, region: access.region };
      const configuration = {
        sources: { data: { type: 'files', paths: [place.data] } },
        repositories: { vault: { type: 'restic', store: { s3 }, password: { env: 'BENCH_PASSWORD' } } },
        jobs: { bench: { sources: ['data'], to: ['vault'], keep: { last: 10 } } },
      };
      writeFileSync(join(place.home, 'surety.yaml'), JSON.stringify(configuration, undefined, 2));
    },
    command(step, place) {
      const folders = { HOME: place.home, XDG_STATE_HOME: place.home, XDG_CACHE_HOME: join(place.home, 'cache') };
      const run = (...args: string[]) => ({
        argv: [program, ...args],
        cwd: place.home,
        env: { ...keys, ...folders, BENCH_PASSWORD: 'bench' },
      });
      switch (step) {
        case 'init':
          return run('init');
        case 'first':
        case 'unchanged':
        case 'day-two':
          return run('backup', 'bench');
        case 'verify':
          return run('verify', '--read-data');
        case 'restore':
          return run('restore', 'latest', '--target', place.target);
      }
    },
    restored: (place) => join(place.target, place.data),
  };
}

function restic(access: S3Access, keys: Keys): Tool {
  return {
    name: 'restic',
    version: ['restic', 'version'],
    command(step, place) {
      const env = {
        ...keys,
        RESTIC_REPOSITORY: `s3:${access.endpoint}/bench-restic`,
        RESTIC_PASSWORD: 'bench',
        RESTIC_CACHE_DIR: join(place.home, 'cache'),
      };
      const run = (...args: string[]) => ({ argv: ['restic', '--quiet', ...args], env });
      switch (step) {
        case 'init':
          return run('init', '--repository-version', '2');
        case 'first':
        case 'unchanged':
        case 'day-two':
          return { ...run('backup', '.'), cwd: place.data };
        case 'verify':
          return run('check', '--read-data');
        case 'restore':
          return run('restore', 'latest', '--target', place.target);
      }
    },
    restored: (place) => place.target,
  };
}

/** A plain copy of each file: no versions, no encryption, nothing stored once. For reference. */
function rclone(access: S3Access): Tool {
  const env = {
    RCLONE_CONFIG_BENCH_TYPE: 's3',
    RCLONE_CONFIG_BENCH_PROVIDER: 'Ceph',
    RCLONE_CONFIG_BENCH_ENDPOINT: access.endpoint,
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: access.accessKeyId,
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: access.secretAccessKey,
  };
  const run = (place: Place, ...args: string[]) => ({
    argv: ['rclone', '--config', join(place.home, 'none'), '--transfers', '16', '--checkers', '16', ...args],
    env: { ...env, HOME: place.home },
  });
  return {
    name: 'rclone',
    version: ['rclone', 'version'],
    command(step, place) {
      switch (step) {
        case 'init':
          return run(place, 'mkdir', 'bench:bench-rclone');
        case 'first':
        case 'unchanged':
        case 'day-two':
          return run(place, 'sync', place.data, 'bench:bench-rclone');
        case 'verify':
          return undefined;
        case 'restore':
          return run(place, 'copy', 'bench:bench-rclone', place.target);
      }
    },
    restored: (place) => place.target,
  };
}
