import assert from 'node:assert/strict';
import { hasCode } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import type { ExecHow, Exit, Process, Reach } from './reach.ts';

/** One promise of the port, as something that can be run. */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

/** What `reach.ts` promises, as named checks. The host needs `sh`, `cat`, `head`, `mktemp`, `rm`, `sleep` and `yes`. */
export function reachContract(make: () => Promise<Reach>): readonly Check[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    async run() {
      await using reach = await make();
      await check(reach);
    },
  }));
}

const how: ExecHow = { signal: new AbortController().signal };

const checks: Readonly<Record<string, (reach: Reach) => Promise<void>>> = {
  async 'output, exit code and stderr are the program’s'(reach) {
    const { text, exit, stderr } = await run(reach, ['sh', '-c', 'echo out; echo bad >&2; exit 3'], how);
    assert.deepEqual([text, exit, stderr], ['out\n', { code: 3, signal: null }, 'bad\n']);
  },

  async 'arguments reach the program as they are'(reach) {
    const odd = ['a b', '$HOME', '*', '"quoted"', "it's", 'back\\slash', 'new\nline', '', 'ü', '-n'];
    const { text } = await run(reach, ['sh', '-c', 'printf "<%s>" "$@"', 'name', ...odd], how);
    assert.equal(text, odd.map((argument) => `<${argument}>`).join(''));
  },

  async 'variables and the folder are set, and the host’s own variables stay'(reach) {
    const script = 'echo "$SURETY_PROBE"; pwd; test -n "$PATH" && echo kept';
    const { text } = await run(reach, ['sh', '-c', script], { ...how, env: { SURETY_PROBE: "it's $x" }, cwd: '/usr' });
    assert.equal(text, "it's $x\n/usr\nkept\n");
  },

  async 'a variable may get what is on the host: another variable, or what is in a file'(reach) {
    const argv = ['sh', '-c', 'printf "%s|" "$PROBE"; test "$PROBE_PATH" = "$PATH" && echo same'];
    const made = await run(reach, ['sh', '-c', 'file=$(mktemp); echo "it\'s \\$x" >"$file"; echo "$file"'], how);
    const file = made.text.trim();
    try {
      const { text } = await run(reach, argv, { ...how, env: { PROBE: { file }, PROBE_PATH: { variable: 'PATH' } } });
      assert.equal(text, "it's $x|same\n");
    } finally {
      await run(reach, ['rm', file], how);
    }
    for (const env of [{ PROBE: { file } }, { PROBE: { variable: 'SURETY_NO_SUCH_VARIABLE' } }]) {
      const { error } = await reach.exec(argv, { ...how, env }).exit;
      assert.ok(hasCode(error, 'reach.failed'));
      assert.match(error.message, /variable SURETY_NO_SUCH_VARIABLE is not set|file .* can not be read/);
    }
  },

  async 'stdin is sent whole and then closed'(reach) {
    const chunk = Buffer.alloc(70_000, 'x');
    const { text, exit } = await run(reach, ['cat'], { ...how, stdin: repeat(chunk, 30) });
    assert.equal(text.length, 30 * chunk.length);
    assert.equal(exit.code, 0);
    assert.equal((await run(reach, ['cat'], how)).text, '');
  },

  async 'bytes that are not text come through'(reach) {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const process = reach.exec(['cat'], { ...how, stdin: repeat(bytes, 1) });
    assert.deepEqual(await collectBytes(process.stdout), bytes);
  },

  async 'a program that does not read its stdin is no error'(reach) {
    const endless = repeat(Buffer.alloc(65_536), Number.POSITIVE_INFINITY);
    const { text, exit } = await run(reach, ['head', '-c', '3'], { ...how, stdin: endless });
    assert.deepEqual([text, exit], ['\0\0\0', { code: 0, signal: null }]);
  },

  async 'an input that waits for ever does not keep the exit from resolving'(reach) {
    const stdin = (async function* () {
      yield Buffer.from('x');
      await new Promise(() => undefined);
    })();
    assert.equal((await run(reach, ['sh', '-c', 'exit 4'], { ...how, stdin })).exit.code, 4);
  },

  async 'when the input throws the program never sees its end'(reach) {
    const broken = new Error('the source broke');
    const stdin = (async function* () {
      yield Buffer.from('half');
      throw broken;
    })();
    const { text, exit } = await run(reach, ['sh', '-c', 'cat; echo complete'], { ...how, stdin });
    assert.ok(!text.includes('complete'));
    assert.equal(exit.error, broken);
    assert.equal(exit.code, null);
  },

  async 'a program is not read faster than its output is consumed'(reach) {
    const process = reach.exec(['sh', '-c', 'yes | head -c 3000000; echo done >&2'], how);
    const output = process.stdout[Symbol.asyncIterator]();
    await output.next();
    await pause(300);
    assert.equal(process.stderr(), '');
    let sizeBytes = 0;
    for (let next = await output.next(); next.done !== true; next = await output.next()) sizeBytes += next.value.length;
    assert.ok(sizeBytes > 2_000_000);
    assert.deepEqual(await process.exit, { code: 0, signal: null });
    assert.equal(process.stderr(), 'done\n');
  },

  async 'output can be read when the program has ended'(reach) {
    const process = reach.exec(['sh', '-c', 'echo late'], how);
    assert.equal((await process.exit).code, 0);
    await pause(50);
    assert.equal(Buffer.from(await collectBytes(process.stdout)).toString(), 'late\n');
  },

  async 'leaving the output early ends a program that only writes'(reach) {
    const process = reach.exec(['yes'], how);
    for await (const chunk of process.stdout) if (chunk.length > 0) break;
    const exit = await process.exit;
    assert.ok(exit.code !== 0);
  },

  async 'only the last 64 KiB of stderr are kept, and all of it is told'(reach) {
    let toldBytes = 0;
    const said = (chunk: Uint8Array) => {
      toldBytes += chunk.length;
    };
    const process = reach.exec(['sh', '-c', 'yes | head -c 500000 >&2; echo last >&2'], { ...how, said });
    await process.exit;
    assert.equal(toldBytes, 500_005);
    assert.equal(process.stderr().length, 65_536);
    assert.ok(process.stderr().endsWith('y\nlast\n'));
  },

  async 'a missing program is said to be missing, by stdout and by exit'(reach) {
    const process = reach.exec(['surety-no-such-program'], how);
    await assert.rejects(collectBytes(process.stdout), (error) => hasCode(error, 'reach.not-found'));
    assert.ok(hasCode((await process.exit).error, 'reach.not-found'));
    assert.notEqual((await process.exit).code, 0);
  },

  async 'an abort ends the program and what it started'(reach) {
    const controller = new AbortController();
    const process = reach.exec(['sh', '-c', 'echo up; sleep 30 & sleep 30; wait'], { signal: controller.signal });
    const output = process.stdout[Symbol.asyncIterator]();
    await output.next();
    const reason = new Error('stop');
    controller.abort(reason);
    await assert.rejects(output.next(), (error) => error === reason);
    assert.notEqual((await process.exit).code, 0);
  },

  async 'a program that ignores SIGTERM is killed'(reach) {
    const controller = new AbortController();
    const script = 'trap "" TERM; echo up; while true; do sleep 0.1; done';
    const process = reach.exec(['sh', '-c', script], { signal: controller.signal, killAfterMs: 200 });
    await process.stdout[Symbol.asyncIterator]().next();
    controller.abort();
    const exit = await process.exit;
    assert.notEqual(exit.code, 0);
  },

  async 'nothing is started once the signal is aborted'(reach) {
    const reason = new Error('stop');
    const process = reach.exec(['sh', '-c', 'echo started'], { signal: AbortSignal.abort(reason) });
    await assert.rejects(collectBytes(process.stdout), (error) => error === reason);
    assert.equal((await process.exit).error, reason);
  },
};

async function run(reach: Reach, argv: readonly string[], execHow: ExecHow) {
  const process: Process = reach.exec(argv, execHow);
  const output = Buffer.from(await collectBytes(process.stdout));
  const exit: Exit = await process.exit;
  return { text: output.toString('utf8'), exit, stderr: process.stderr() };
}

async function* repeat(chunk: Uint8Array, times: number): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < times; count++) yield chunk;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
