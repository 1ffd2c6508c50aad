import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { endOf } from '../../test/fixtures/child-end.ts';
import type { AuditRecord } from '../operations/audit/audit-log.ts';
import { checkChain } from '../rules/hash-chain.ts';
import { openAuditLog } from './audit-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-audit-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = () => join(folder, String(++count));
const ended = (entry: string): AuditRecord => ({
  ...{ format: 1, entry, at: '2026-11-20T03:07:00.000Z', type: 'end', exitCode: 0, error: '', stepCount: 0, steps: [] },
});

test('a log that was never written has no lines and makes no folder', () => {
  assert.deepEqual([...openAuditLog(fresh()).lines()], []);
  assert.deepEqual(readdirSync(folder), []);
});

test('a full file is followed by another one, and the chain goes through all of them', () => {
  const log = openAuditLog(fresh(), { fullBytes: 500 });
  for (let n = 0; n < 12; n++) log.append(ended(`e${n}`));
  const lines = [...log.lines()];
  assert.ok(new Set(lines.map(({ file }) => file)).size > 3);
  assert.deepEqual(
    lines.map(({ text }) => JSON.parse(text).entry),
    Array.from({ length: 12 }, (_, n) => `e${n}`),
  );
  assert.deepEqual(checkChain(lines).breaks, []);
});

test('a line that was cut stays as it is, and the next one has its own line', () => {
  const path = fresh();
  const log = openAuditLog(path);
  log.append(ended('first'));
  appendFileSync(join(path, '0001.jsonl'), '{"format":1,"ent');
  log.append(ended('second'));
  const { breaks, cut, lines } = checkChain(log.lines());
  assert.deepEqual([breaks, cut.length, lines], [[], 1, 3]);
});

test('lines longer than what is read at once are chained', () => {
  const log = openAuditLog(fresh());
  for (const letter of ['a', 'b', 'c']) log.append(ended(letter.repeat(200_000)));
  assert.deepEqual(checkChain(log.lines()).breaks, []);
});

test('several processes that write at once lose nothing and break nothing', async () => {
  const path = fresh();
  const program = `
    import { openAuditLog } from ${JSON.stringify(new URL('./audit-log.ts', import.meta.url).href)};
    const log = openAuditLog(${JSON.stringify(path)});
    for (let n = 0; n < 20; n++) log.append({ format: 1, entry: process.pid + '-' + n, at: '', type: 'end', exitCode: 0, error: '', stepCount: 0, steps: [] });`;
  const writers = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' }),
  );
  assert.deepEqual(await Promise.all(writers.map((writer) => endOf(writer))), [0, 0, 0]);
  const report = checkChain(openAuditLog(path).lines());
  assert.deepEqual([report.lines, report.breaks, report.cut], [60, [], []]);
});
