/**
 * Runs a TypeScript script with the pinned Node, and first installs what `package-lock.json` names, and bundles the
 * program, where that is not done yet. Plain JavaScript, so that it starts under any Node from 20 on:
 *
 *   node scripts/bootstrap.mjs scripts/test.ts [argument …]
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { constants as system } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const QUIET = ['--disable-warning=ExperimentalWarning'];
const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

if (!isInstalled()) install();
bundleIfChanged();
run(process.argv.slice(2));

/** True when every package of the lockfile is installed in its version. */
function isInstalled() {
  try {
    const wanted = packagesIn(join(root, 'package-lock.json'));
    const present = packagesIn(join(root, 'node_modules', '.package-lock.json'));
    const missing = Object.entries(wanted).filter(
      ([path, { version, optional }]) => path !== '' && !optional && present[path]?.version !== version,
    );
    return missing.length === 0 && (canRun(pinnedNode) || isNewEnough(process.versions.node));
  } catch {
    return false;
  }
}

function packagesIn(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

function install() {
  process.stderr.write('installing dependencies (npm ci) …\n');
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (done.error)
    fail(`npm could not be started: ${done.error.message}`, 'install Node.js 20 or newer together with npm');
  if (done.status !== 0) {
    fail(
      `npm ci ended with code ${done.status}`,
      'the first run needs the network (or a filled npm cache); check the proxy and registry settings of npm, then run it again',
    );
  }
  // npm versions that do not run install scripts leave the pinned Node unlinked; its own script does that.
  if (!canRun(pinnedNode))
    spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: join(root, 'node_modules', 'node'),
      stdio: ['ignore', 2, 2],
    });
}

function canRun(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isNewEnough(version) {
  return Number.parseInt(version, 10) >= 24;
}

function nodeProgram() {
  if (canRun(pinnedNode)) return pinnedNode;
  if (isNewEnough(process.versions.node)) return process.execPath;
  fail('the pinned Node.js 24 is not installed', 'run `npm ci`, or put Node.js 24 or newer on PATH');
}

/** Without a bundle the program runs from its sources, only later: what is in the way of one is told, and stops nothing. */
function bundleIfChanged() {
  const bundled = spawnSync(nodeProgram(), [...QUIET, join('scripts', 'bundle.ts')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (bundled.status !== 0)
    process.stderr.write('the program could not be bundled: it runs from its sources, and takes longer to start\n');
}

function run(args) {
  const node = nodeProgram();
  const child = spawn(node, [...QUIET, ...args], { cwd: root, stdio: 'inherit' });
  // A terminal sends its interrupt to the child as well; this process only has to outlive it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`, 'run `npm ci` again'));
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + (system.signals[signal] ?? 0) : (code ?? 1);
  });
}

function fail(message, hint) {
  process.stderr.write(`${message}\nhint: ${hint}\n`);
  process.exit(1);
}
