import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { WorkerPool } from './worker-pool.ts';

type Order = 'answer' | 'wait' | 'fail' | 'throw' | 'exit' | 'name';
type Task = { readonly task: number; readonly order: Order };
type Answer = { readonly kind: 'done' | 'tell'; readonly task: number; readonly thread?: number };

/** Counts itself, then does what it is told. */
const WORKER = `
  import { parentPort, threadId, workerData } from 'node:worker_threads';
  Atomics.add(new Int32Array(workerData), 0, 1);
  parentPort.on('message', ({ task, order }) => {
    if (order === 'answer') parentPort.postMessage({ kind: 'done', task });
    if (order === 'name') parentPort.postMessage({ kind: 'done', task, thread: threadId });
    if (order === 'fail') parentPort.postMessage({ kind: 'failed', task, code: 'ENOENT', message: 'not there' });
    if (order === 'throw') throw new Error('out of order');
    if (order === 'exit') process.exit(3);
  });
  const until = performance.now() + 50;
  while (performance.now() < until);
  Atomics.add(new Int32Array(workerData), 1, 1);
  parentPort.postMessage({ kind: 'ready' });`;

const counter = new SharedArrayBuffer(8);
const started = (): number => Atomics.load(new Int32Array(counter), 0);
const loaded = (): number => Atomics.load(new Int32Array(counter), 1);
const pools: WorkerPool<Task, Answer>[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool[Symbol.asyncDispose]()));
});

function openPool(workers: number): WorkerPool<Task, Answer> {
  new Int32Array(counter).fill(0);
  const pool = new WorkerPool<Task, Answer>({
    url: new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`),
    ...{ workers, workerData: counter, onEvent: () => {}, isEnd: ({ kind }) => kind === 'done' },
  });
  pools.push(pool);
  return pool;
}

const run = (pool: WorkerPool<Task, Answer>, order: Order): Promise<Answer> => pool.run((task) => ({ task, order }));

describe('a pool of workers', () => {
  test('starts a thread only when all others are busy', async () => {
    const pool = openPool(3);
    await run(pool, 'answer');
    await run(pool, 'answer');
    assert.equal(started(), 1);
    await Promise.all([run(pool, 'answer'), run(pool, 'answer')]);
    assert.equal(started(), 2);
  });

  test('gives a task to the thread that got its last one before the others', async () => {
    const pool = openPool(2);
    const [first, second] = await Promise.all([run(pool, 'name'), run(pool, 'name')]);
    assert.notEqual(first.thread, second.thread);
    const answers = await Promise.all(Array.from({ length: 4 }, () => run(pool, 'name')));
    const { thread: one } = first;
    const { thread: two } = second;
    assert.deepEqual(
      answers.map(({ thread }) => thread),
      [one, two, one, two],
    );
  });

  test('goes on after a task that failed, which is told with the code of the system', async () => {
    const pool = openPool(1);
    await assert.rejects(run(pool, 'fail'), { code: 'ENOENT', message: 'not there' });
    assert.equal((await run(pool, 'answer')).kind, 'done');
  });

  for (const order of ['throw', 'exit'] as const) {
    test(`ends every task, and everybody who waits for a place, when a worker dies (${order})`, async () => {
      const pool = openPool(1);
      const waiting = run(pool, 'wait');
      const dying = run(pool, order);
      const ready = pool.ready();
      await Promise.all([waiting, dying, ready].map((end) => assert.rejects(end, { code: 'repository.failed' })));
      await assert.rejects(run(pool, 'answer'), { code: 'repository.failed' });
    });
  }

  test('starts no thread while it is closed or later: nobody would end it', async () => {
    const pool = openPool(2);
    await run(pool, 'answer');
    const waiting = run(pool, 'wait');
    const closing = pool[Symbol.asyncDispose]();
    const late = run(pool, 'answer');
    await Promise.all([waiting, late].map((end) => assert.rejects(end, { code: 'repository.interrupted' })));
    await closing;
    await assert.rejects(run(pool, 'answer'), { code: 'repository.interrupted' });
    assert.equal(started(), 1);
    assert.equal(process.getActiveResourcesInfo().includes('MessagePort'), false);
  });

  test('that are still loading are ended when they have: a native library that is cut off ends the process', async () => {
    const pool = openPool(2);
    pool.begin(2);
    await pool[Symbol.asyncDispose]();
    assert.deepEqual([started(), loaded()], [2, 2]);
  });
});
