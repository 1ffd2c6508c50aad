import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { locate, PROGRAMS } from '../test/fixtures/programs.ts';

/** Installs the programs that tests need and that are missing, as root on Debian; elsewhere names them. */
export function provideTestPrograms(): void {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version') && locate('apt-get') !== undefined) {
    console.log(`installing for the tests: ${missing.join(' ')}`);
    if (!install(missing)) {
      apt(['update']);
      install(missing);
    }
  }
  const absent = missingPackages();
  if (absent.length > 0) {
    console.log(`missing, so that some tests are skipped: ${absent.join(' ')}`);
    console.log(`  on Debian or Ubuntu: sudo apt-get install ${absent.join(' ')}`);
  }
}

function missingPackages(): string[] {
  const programs = Object.entries(PROGRAMS).filter(([program]) => locate(program) === undefined);
  return [...new Set(programs.map(([, debianPackage]) => debianPackage))];
}

function install(packages: readonly string[]): boolean {
  return apt(['-y', '--no-install-recommends', 'install', ...packages]);
}

/** A network that swallows everything must not hold up the tests. */
const APT_LIMIT_MS = 10 * 60_000;

function apt(args: readonly string[]): boolean {
  const patience = ['DPkg::Lock::Timeout=300', 'Acquire::http::Timeout=30', 'Acquire::https::Timeout=30'];
  const done = spawnSync('apt-get', ['-qq', ...patience.flatMap((option) => ['-o', option]), ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: APT_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  if (done.status !== 0) console.log(done.stderr.trim() || `apt-get ${args[0]} was given up: ${done.error?.message}`);
  return done.status === 0;
}
