import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runTestFile, type TestFileResult } from './test-file.ts';
import { runTestFiles } from './test-files.ts';
import { processesMarked } from './test-processes.ts';

/** A server as tests start them, in a session of its own and with the file's output open. */
const SERVER = `
  import { spawn } from 'node:child_process';
  import { after, test } from 'node:test';
  import { setImmediate } from 'node:timers/promises';
  const server = () => spawn('sleep', ['300'], { detached: true, stdio: 'inherit' }).unref();
`;
/** No timer runs any more, so that nothing but the end of the process helps. */
const HANGING = `${SERVER}
  test('is quick', () => setImmediate());
  test('is never done', () => {
    server();
    console.log('it starts to wait');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

describe('a test file', { concurrency: true }, () => {
  const root = mkdtempSync(join(tmpdir(), 'surety-test-file-'));
  after(() => rmSync(root, { recursive: true }));

  async function resultOf(name: string, text: string, limits = {}): Promise<TestFileResult> {
    const file = `${name}.test.mjs`;
    writeFileSync(join(root, file), text);
    const signal = new AbortController().signal;
    const folder = join(root, name);
    const result = await runTestFile(file, { root, folder, signal, limitMs: 60_000, testLimitMs: 60_000, ...limits });
    assert.deepEqual(processesMarked(folder), [], 'nothing is left of it');
    return result;
  }

  test('that hangs is killed with all it started, and it is told where it was', async () => {
    const { passed, failures, output } = await resultOf('hanging', HANGING, { limitMs: 4_000 });
    assert.equal(passed, 1);
    assert.deepEqual(
      failures.map(({ title }) => title),
      ['hanging.test.mjs'],
    );
    assert.match(failures[0]?.text ?? '', /killed after 4 s .*had not ended:\n {2}is never done$/);
    assert.equal(output, 'it starts to wait\n');
  });

  test('with a test that never settles goes on after that one, and cleans up', async () => {
    const text = `${SERVER}
      after(() => console.log('cleaned up'));
      test('never settles', () => new Promise(() => {}));
      test('comes after it', () => {});
    `;
    const { passed, failures, output } = await resultOf('unsettled', text, { testLimitMs: 500 });
    assert.equal(passed, 1);
    assert.deepEqual(
      failures.map(({ title }) => title),
      ['never settles'],
    );
    assert.match(failures[0]?.text ?? '', /timed out after 500ms/);
    assert.equal(output, 'cleaned up\n');
  });

  test('that leaves a server does not hold up anything: the server is named and ended', async () => {
    const { passed, failures, left } = await resultOf('leaving', `${SERVER} test('leaves a server', server);`);
    assert.deepEqual([passed, failures], [1, []]);
    assert.deepEqual(
      left.map(({ command }) => command),
      ['sleep 300'],
    );
  });

  test('whose preparation fails says that once', async () => {
    const text = `
      import { before, describe, test } from 'node:test';
      describe('a server', () => {
        before(() => { throw new Error('it does not start'); });
        test('answers', () => {});
        test('ends', () => {});
      });
    `;
    const { passed, failures } = await resultOf('unprepared', text);
    assert.deepEqual([passed, failures.length], [0, 1]);
    assert.match(failures[0]?.text ?? '', /it does not start.*so 2 tests were not run$/s);
  });

  test('that ends before its tests are done has failed, whatever its exit code', async () => {
    const { failures } = await resultOf(
      'leaver',
      `${SERVER} test('leaves', () => setImmediate().then(() => process.exit(0)));`,
    );
    assert.match(failures[0]?.text ?? '', /^it ended with code 0; these had not ended:\n {2}leaves$/);
  });

  test('in a run that takes too long is killed, and those that were waiting have failed as well', async () => {
    const files = Array.from({ length: 12 }, (_, at) => `late-${at}.test.mjs`);
    for (const file of files) writeFileSync(join(root, file), HANGING);
    const signal = new AbortController().signal;
    const totals = await runTestFiles(files, { root, scratch: join(root, 'run'), signal, runLimitMs: 500 });
    assert.equal(totals.failed, 12);
  });
});
