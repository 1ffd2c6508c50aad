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

function apt(args: readonly string[]): boolean {
  const done = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (done.status !== 0) console.log(done.stderr.trim());
  return done.status === 0;
}
