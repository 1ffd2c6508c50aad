import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { skipWithout } from '../../../test/fixtures/programs.ts';
import { type Finished, runProgram } from '../../../test/fixtures/run-program.ts';

const opener = new URL('./open.ts', import.meta.url).href;

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'surety-durable-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs `code` in a process of its own, with `store` open on `path` and `how` at hand. */
function runWithStore(path: string, code: string, before: readonly string[] = []): Promise<Finished> {
  const script = `
    import { openLocalStore } from ${JSON.stringify(opener)};
    import { writeSync } from 'node:fs';
    const store = await openLocalStore({ path: ${JSON.stringify(path)} });
    const how = { signal: new AbortController().signal };
    ${code}`;
  return runProgram([...before, process.execPath, '--input-type=module', '-e', script], { timeoutMs: 30_000 });
}

interface SystemCall {
  readonly name: string;
  readonly text: string;
  /** Line of the trace at which it began and at which it had its result. */
  readonly begun: number;
  readonly done: number;
}

/** The calls of a `strace -f -y` trace; one that another thread interrupted is put together again. */
function parseTrace(trace: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, { text: string; begun: number }>();
  for (const [line, content] of trace.split('\n').entries()) {
    const [, thread = '', text = ''] = /^(\d+)\s+(.*)$/.exec(content) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>/.test(text) ? open.get(thread) : undefined;
    if (text.endsWith('<unfinished ...>')) open.set(thread, { text, begun: line });
    else if (resumed !== undefined) calls.push(systemCall(resumed.text + text, resumed.begun, line));
    else calls.push(systemCall(text, line, line));
  }
  return calls;
}

function systemCall(text: string, begun: number, done: number): SystemCall {
  return { name: /^\w+/.exec(text)?.[0] ?? '', text, begun, done };
}

async function traced(context: TestContext, code: string): Promise<{ calls: SystemCall[]; path: string }> {
  const path = await temporaryFolder(context);
  const trace = join(await temporaryFolder(context), 'trace');
  const syscalls = 'trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,mkdir,write,pwrite64';
  const strace = ['strace', '-f', '-y', '-s', '40', '-e', syscalls, '-o', trace];
  const done = await runWithStore(path, code, strace);
  assert.equal(done.code, 0, done.stderr);
  return { calls: parseTrace(await readFile(trace, 'utf8')), path };
}

/** Asserts that each call had ended before the next one began, and that none is missing. */
function assertOrder(calls: readonly SystemCall[], ...patterns: readonly RegExp[]): void {
  let previous: SystemCall | undefined;
  for (const pattern of patterns) {
    const after = previous?.done ?? -1;
    const found = calls.find((call) => pattern.test(call.text) && call.begun > after);
    assert.ok(found, `${pattern} does not follow ${previous?.text ?? 'the start'}`);
    previous = found;
  }
}

const skip = skipWithout('strace');

test('a put is durable before it is told: body, its fsync, the name, the fsync of the folder', {
  skip,
}, async (context) => {
  const code = `await store.put('data/ab/one', Buffer.from('the body'), how); writeSync(1, 'resolved');`;
  const { calls } = await traced(context, code);
  assertOrder(
    calls,
    /^mkdir\(".*\/data"/,
    /^fsync\(\d+<[^>]*surety-durable-[^/>]*>\)/,
    /^mkdir\(".*\/data\/ab"/,
    /^fsync\(\d+<[^>]*\/data>\)/,
    /^p?write(64)?\(\d+<[^>]*\/tmp\/[^>]*-\d+-[^>]*>, "the body"/,
    /^fsync\(\d+<[^>]*\/tmp\/[^>]*-\d+-[^>]*>\)/,
    /^rename(at2?)?\(.*\/tmp\/.*\/data\/ab\/one"/,
    /^fsync\(\d+<[^>]*\/data\/ab>\)/,
    /^write\(1<.*"resolved"/,
  );
  assert.equal(calls.filter(({ text }) => text.includes('/data/ab/one"') && !text.startsWith('rename')).length, 0);
});

test('a put with ifAbsent is as durable, and named by a link', { skip }, async (context) => {
  const code = `await store.put('locks/one', Buffer.from('the body'), { ...how, ifAbsent: true }); writeSync(1, 'resolved');`;
  const { calls } = await traced(context, code);
  assertOrder(
    calls,
    /^fsync\(\d+<[^>]*\/tmp\/[^>]*-\d+-[^>]*>\)/,
    /^link(at)?\(.*\/tmp\/.*\/locks\/one"/,
    /^unlink\(".*\/tmp\//,
    /^fsync\(\d+<[^>]*\/locks>\)/,
    /^write\(1<.*"resolved"/,
  );
});

test('what is deleted first can not come back when what is deleted next is gone', { skip }, async (context) => {
  const code = `
    for (const key of ['index/a', 'data/1/a', 'data/2/a', 'locks/a']) await store.put(key, Buffer.from('x'), how);
    for (const key of ['index/a', 'data/1/a', 'data/2/a', 'locks/a']) await store.delete(key, how);
    await store[Symbol.asyncDispose]();
    writeSync(1, 'closed');`;
  const { calls } = await traced(context, code);
  const deleting = calls.slice(calls.findIndex(({ text }) => /^unlink\(".*\/index\/a"/.test(text)));
  assertOrder(deleting, /^unlink\(.*index\/a"/, /^fsync\(.*index>/, /^unlink\(.*data\/1\/a"/, /^unlink\(.*data\/2\/a"/);
  assertOrder(deleting, /^unlink\(.*data\/2\/a"/, /^fsync\(.*data\/1>/, /^fsync\(.*data\/2>/, /^unlink\(.*locks\/a"/);
  assertOrder(deleting, /^unlink\(.*locks\/a"/, /^fsync\(.*locks>/, /^write\(1<.*"closed"/);
  assert.equal(deleting.filter(({ name }) => name === 'fsync').length, 4);
});

const put = `
  await store.put('data/one', Buffer.from('body'), how)
    .then(() => writeSync(1, 'stored'), (error) => writeSync(1, error.code + ' ' + error.message));`;

/** Makes one system call of the child fail or kill it; the data folder exists beforehand so that counts begin at the body. */
async function injected(context: TestContext, inject: string): Promise<{ done: Finished; path: string }> {
  const path = await temporaryFolder(context);
  await runWithStore(path, `await store.put('data/zero', Buffer.from('body'), how)`);
  const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=${inject}`];
  const call = inject.split(':', 1)[0]!;
  strace.push('-e', `trace=${call}`);
  return { done: await runWithStore(path, put, strace), path };
}

test('an fsync that fails is told and nothing is stored', { skip }, async (context) => {
  const { done, path } = await injected(context, 'fsync:error=EIO');
  assert.match(done.stdout, /^store\.failed can not write data\/one .*input\/output error/);
  assert.deepEqual(await readdir(join(path, 'data')), ['zero']);
  assert.deepEqual(await readdir(join(path, 'tmp')), []);
});

test('killed when it is to be named, a put has stored nothing, and the next open clears up', {
  skip,
}, async (context) => {
  const { path } = await injected(context, 'rename:signal=KILL:when=1');
  assert.deepEqual(await readdir(join(path, 'data')), ['zero']);
  assert.equal((await readdir(join(path, 'tmp'))).length, 1);
  await runWithStore(path, '');
  assert.deepEqual(await readdir(join(path, 'tmp')), []);
});

test('killed in the middle of a body, a put has stored nothing', async (context) => {
  const path = await temporaryFolder(context);
  const done = await runWithStore(
    path,
    `async function* body() {
       yield Buffer.alloc(1 << 20);
       process.kill(process.pid, 'SIGKILL');
       await new Promise(() => setInterval(() => {}, 1000));
     }
     await store.put('data/one', { open: body }, how);`,
  );
  assert.equal(done.code, 137);
  assert.deepEqual(await readdir(join(path, 'data')), []);
  const listing = `for await (const { key } of store.list('', how)) writeSync(1, key);`;
  assert.equal((await runWithStore(path, listing)).stdout, '');
});

test('of puts with ifAbsent from several processes exactly one wins', async (context) => {
  const path = await temporaryFolder(context);
  const race = `
    const bodies = [1, 2, 3, 4, 5].map((n) => Buffer.from(process.pid + '-' + n));
    const race = bodies.map((body) => store.put('locks/one', body, { ...how, ifAbsent: true }).then(() => body.toString(), () => ''));
    writeSync(1, (await Promise.all(race)).join(''));`;
  const done = await Promise.all(Array.from({ length: 4 }, () => runWithStore(path, race)));
  const winner = done.map(({ stdout }) => stdout).join('');
  assert.equal(winner, await readFile(join(path, 'locks', 'one'), 'utf8'));
});
