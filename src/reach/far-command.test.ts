import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { hasCode, SuretyError } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import { reachContract } from './contract.ts';
import { FAR_COMMAND_LINE, type FarEnd } from './far-channel.ts';
import { execFar } from './far-command.ts';
import type { Reach } from './reach.ts';

const how = { signal: new AbortController().signal };

/** A far end on this machine: what a login shell does with the command line, without a connection. */
function shellEnd(login: readonly string[], before = ''): FarEnd {
  return {
    location: 'host near',
    startMs: 5000,
    async open() {
      const [program = '', ...rest] = login;
      const child = spawn(program, [...rest, before + FAR_COMMAND_LINE], { detached: true });
      const { stdin, stdout, stderr } = child;
      const close = (): void => {
        for (const stream of [stdin, stdout, stderr]) stream.destroy();
        child.kill();
      };
      return {
        ...{ stdin, stdout, stderr, close },
        ended: new Promise((resolve) => child.once('exit', () => resolve())),
        failure: ({ words, noise, started }) =>
          new SuretyError('reach.unreachable', `lost ${JSON.stringify({ words, noise, started })}`),
      };
    },
  };
}

function reachOf(far: FarEnd): Reach {
  return {
    traits: { kind: 'test', host: 'near', localFiles: false },
    exec: (argv, execHow) => execFar(far, argv, execHow),
    async [Symbol.asyncDispose]() {},
  };
}

for (const [name, login] of Object.entries({
  dash: ['dash', '-c'],
  bash: ['bash', '-c'],
  'busybox ash': ['busybox', 'sh', '-c'],
})) {
  describe(`a command through ${name}`, () => {
    const reach = async () => reachOf(shellEnd(login, 'echo welcome; echo motd >&2; '));
    for (const check of reachContract(reach)) it(check.name, () => check.run());
  });
}

describe('a command at the far end', () => {
  it('takes any byte that text can have in its arguments', async () => {
    const every = String.fromCodePoint(...Array.from({ length: 0x250 }, (_, index) => index + 1));
    const process = execFar(shellEnd(['dash', '-c']), ['printf', '%s', `${every}\u2028😀\n`], how);
    assert.equal(Buffer.from(await collectBytes(process.stdout)).toString(), `${every}\u2028😀\n`);
  });

  it('sees nothing of what started it, and no argument of the shell has its variables', async () => {
    const script = 'env; tr "\\0" " " < /proc/$PPID/cmdline';
    const process = execFar(shellEnd(['dash', '-c']), ['sh', '-c', script], { ...how, env: { SECRET: 'hunter2' } });
    const text = Buffer.from(await collectBytes(process.stdout)).toString();
    assert.match(text, /^SECRET=hunter2$/m);
    assert.doesNotMatch(text, /^_surety/m);
    assert.equal(text.match(/hunter2/g)?.length, 1);
  });

  it('keeps the words of a login shell out of both streams', async () => {
    const noisy = shellEnd(['bash', '-c'], 'printf "\\036 begin\\n%70000s" x; echo motd >&2; ');
    const process = execFar(noisy, ['sh', '-c', 'printf "\\036"; echo bad >&2'], how);
    assert.equal(Buffer.from(await collectBytes(process.stdout)).toString(), '\u001e');
    await process.exit;
    assert.equal(process.stderr(), 'bad\n');
  });

  it('is lost, and not ended, when no exit code is reported', async () => {
    const process = execFar(shellEnd(['dash', '-c']), ['sh', '-c', 'echo half; kill -9 $PPID'], how);
    await assert.rejects(collectBytes(process.stdout), (error) => hasCode(error, 'reach.unreachable'));
    const { code, error } = await process.exit;
    assert.equal(code, null);
    assert.match(String(error), /"started":true/);
  });

  it('is given up when it does not begin in time, with what was said instead', async () => {
    const mute: FarEnd = { ...shellEnd(['dash', '-c'], 'echo hello; exec sleep 20; '), startMs: 200 };
    const started = performance.now();
    await assert.rejects(collectBytes(execFar(mute, ['true'], how).stdout), /"noise":"hello".*"started":false/);
    assert.ok(performance.now() - started < 2000);
  });

  it('has its words also when its end is known before they are read', async () => {
    const near = shellEnd(['dash', '-c']);
    const slow: FarEnd = {
      ...near,
      async open(openHow) {
        const channel = await near.open(openHow);
        const late = async function* (stream: Readable) {
          for await (const chunk of stream) {
            await channel.ended;
            await new Promise((resolve) => setTimeout(resolve, 50));
            yield chunk;
          }
        };
        return { ...channel, stdout: Readable.from(late(channel.stdout)), stderr: Readable.from(late(channel.stderr)) };
      },
    };
    const process = execFar(slow, ['sh', '-c', 'echo out; exit 3'], how);
    assert.equal(Buffer.from(await collectBytes(process.stdout)).toString(), 'out\n');
    assert.equal((await process.exit).code, 3);
  });

  it('ends what it started also when it is aborted as it begins', async () => {
    const mark = `surety-${process.pid}`;
    for (const delayMs of [0, 2, 4, 6, 8, 10, 12]) {
      const controller = new AbortController();
      const begun = execFar(shellEnd(['dash', '-c']), ['sh', '-c', 'sleep 33', mark], { signal: controller.signal });
      setTimeout(() => controller.abort(new Error('stop')), delayMs);
      await assert.rejects(collectBytes(begun.stdout), /stop/);
      await begun.exit;
    }
    assert.deepEqual(await pidsWith(mark), []);
  });

  it('does not wait for what it left running in the background', async () => {
    const started = performance.now();
    const process = execFar(shellEnd(['dash', '-c']), ['sh', '-c', 'sleep 4 & echo up'], how);
    assert.equal(Buffer.from(await collectBytes(process.stdout)).toString(), 'up\n');
    assert.deepEqual(await process.exit, { code: 0, signal: null });
    assert.ok(performance.now() - started < 3000);
  });

  it('names a folder that does not exist, and a file that may not be run', async () => {
    const far = shellEnd(['dash', '-c']);
    const folder = await execFar(far, ['true'], { ...how, cwd: '/no such' }).exit;
    assert.match(String(folder.error), /folder \/no such does not exist on host near/);
    const file = await execFar(far, ['/etc/passwd'], how).exit;
    assert.ok(hasCode(file.error, 'reach.denied'));
  });
});

/** Processes with this word in their arguments that have not ended. */
async function pidsWith(word: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(word)),
  );
  return pids.filter((_, index) => found[index]);
}
