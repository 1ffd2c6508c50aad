import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hasCode } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import { reachContract } from './contract.ts';
import { openLocal } from './local.ts';

const how = { signal: new AbortController().signal };

describe('the local reach', () => {
  for (const check of reachContract(async () => openLocal())) it(check.name, () => check.run());

  it('says which signal ended a program', async () => {
    const process = openLocal().exec(['sh', '-c', 'kill -9 $$'], how);
    assert.deepEqual(await process.exit, { code: null, signal: 'SIGKILL' });
  });

  it('names a file that may not be run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'surety-reach-'));
    try {
      const file = join(folder, 'tool');
      await writeFile(file, 'echo', { mode: 0o600 });
      const { error } = await openLocal().exec([file], how).exit;
      assert.ok(hasCode(error, 'reach.denied'));
      assert.match(error.message, /tool may not be run/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says that the folder may be what is missing', async () => {
    const { error } = await openLocal().exec(['cat'], { ...how, cwd: '/no/such/folder' }).exit;
    assert.ok(hasCode(error, 'reach.not-found'));
    assert.match(error.message, /folder \/no\/such\/folder does not exist/);
  });

  it('does not wait for what a program left running in the background', async () => {
    const started = performance.now();
    const process = openLocal().exec(['sh', '-c', 'sleep 4 >/dev/null & echo up'], how);
    assert.equal(Buffer.from(await collectBytes(process.stdout)).toString(), 'up\n');
    assert.equal((await process.exit).code, 0);
    assert.ok(performance.now() - started < 3000);
  });

  it('ends the whole process group of an aborted program, also what ignores SIGTERM', async () => {
    const controller = new AbortController();
    const script = '(trap "" TERM; sleep 20 >/dev/null 2>&1; sleep 20 >/dev/null 2>&1) & echo $!; wait';
    const aborted = openLocal().exec(['sh', '-c', script], { signal: controller.signal, killAfterMs: 300 });
    const first = await aborted.stdout[Symbol.asyncIterator]().next();
    const pid = Number(Buffer.from(first.value!).toString());
    controller.abort();
    await aborted.exit;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(await hasEnded(pid));
  });
});

/** A process whose parent is gone may stay a zombie where nothing collects it. */
async function hasEnded(pid: number): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/stat`, 'utf8')).includes(') Z ');
  } catch {
    return true;
  }
}
