/**
 * `npm run demo`: the main job on a generated platform. Backs up a database under write load and a file tree, verifies every byte, breaks
 * the originals, restores them, and proves that what came back is equal.
 */
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { compareTrees } from '../test/fixtures/compare-trees.ts';
import { prose } from '../test/fixtures/content.ts';
import { suretyIn } from '../test/fixtures/surety.ts';
import { auditLedger, countTransfers } from './demo/ledger.ts';
import { makePlatform, type SamplePlatform } from './demo/platform.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-demo-'));
const surety = suretyIn(folder);
const startedAtMs = performance.now();
try {
  await demonstrate();
} catch (error) {
  console.error(
    `\n${styleText('red', 'The demonstration failed.')}\n${error instanceof Error ? error.message : error}`,
  );
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function demonstrate(): Promise<void> {
  const platform = await step('make a platform: files of every sort', () => makePlatform(folder));
  writeFileSync(join(folder, 'password'), 'a password of the demonstration\n', { mode: 0o600 });
  const writer = await step('start a process that writes to its database', () => startWriter(platform.database));
  let bounds: readonly [number, number];
  try {
    await command('init');
    await command('backup');
    changeFiles(platform);
    const before = countTransfers(platform.database);
    await command('backup');
    bounds = [before, countTransfers(platform.database)];
  } finally {
    await writer.stop();
  }
  await command('verify', '--read-data');
  const reference = join(folder, 'reference');
  execFileSync('cp', ['-a', platform.media, reference]);
  await step('break the originals: delete, overwrite, damage the database', () => breakPlatform(platform));
  await command('restore', 'latest', '--in-place', '--force');
  const transfers = await step('prove that the database is one consistent state', () => audit(platform, bounds));
  await step('prove that every file is equal: content, names, links, owners, times, attributes, holes', () =>
    expectEqual(reference, platform.media),
  );
  summarize(platform, transfers);
}

/** Runs the real program and shows what it says. */
async function command(...args: readonly string[]): Promise<void> {
  const text = `surety ${args.join(' ')}`;
  console.log(`\n${styleText('bold', `$ ${text}`)}`);
  const atMs = performance.now();
  console.log((await surety.run(...args)).trimEnd());
  console.log(styleText('gray', `(${seconds(atMs)})`));
}

async function step<Result>(title: string, work: () => Result | Promise<Result>): Promise<Result> {
  const atMs = performance.now();
  const result = await work();
  console.log(`\n${styleText('green', '✔')} ${title} ${styleText('gray', `(${seconds(atMs)})`)}`);
  return result;
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** Resolves when the database has its first content; `stop` when the writer has closed it. */
async function startWriter(database: string): Promise<{ stop(): Promise<void> }> {
  const script = join(import.meta.dirname, 'demo', 'write-load.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, database], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`the writer ended with code ${code}`))));
  });
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended]);
  return {
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function changeFiles({ media }: SamplePlatform): void {
  appendFileSync(join(media, 'album 3', 'item-4'), 'a line of the second day\n');
  writeFileSync(join(media, 'album 5', 'new item'), prose(31, 20_000));
  rmSync(join(media, 'album 7'), { recursive: true });
}

function breakPlatform({ database, media }: SamplePlatform): void {
  rmSync(join(media, 'album 1'), { recursive: true });
  rmSync(join(media, 'oddities', 'names'), { recursive: true });
  writeFileSync(join(media, 'film.raw'), 'overwritten by mistake');
  truncateSync(join(media, 'disk.img'), 5000);
  rmSync(join(media, 'oddities', 'links', 'first of three'));
  truncateSync(database, 10_000);
}

/** The restored database must be whole, and as old as the backup: not older than its start, not newer than its end. */
function audit({ database }: SamplePlatform, [from, to]: readonly [number, number]): number {
  const transfers = auditLedger(database);
  if (transfers >= from && transfers <= to) return transfers;
  throw new Error(`the database has ${transfers} transfers; during the backup it had ${from} to ${to}`);
}

function expectEqual(reference: string, restored: string): void {
  const differences = compareTrees(reference, restored);
  if (differences.length > 0) throw new Error(`the restored files differ:\n  ${differences.slice(0, 20).join('\n  ')}`);
}

function summarize({ media, database }: SamplePlatform, transfers: number): void {
  const size = (path: string) => execFileSync('du', ['-sh', path], { encoding: 'utf8' }).split('\t')[0];
  const files = execFileSync('find', [media, '-printf', '.'], { encoding: 'utf8' }).length;
  console.log(`
${styleText(['green', 'bold'], 'Proven: what was backed up came back.')}
  database   ${transfers} transactions, backed up while they were written; integrity, sums and order are right
  files      ${files} entries equal in content and metadata
  originals  ${size(database)} database, ${size(media)} files
  repository ${size(join(folder, 'vault'))} for two backups, encrypted and deduplicated
  time       ${seconds(startedAtMs)}`);
}
