import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultPlan, FaultyCall } from '../../src/stores/faulty.ts';
import type { Store } from '../../src/stores/store.ts';
import { type Finished, runProgram } from '../fixtures/run-program.ts';

/**
 * What a child of the crash tests runs: the default export of its module. `input` is what the test gave, as JSON; `wrap` puts
 * the planned faults around the store that the child opened.
 */
export type CrashWork<Input> = (input: Input, wrap: (store: Store) => Store) => Promise<void>;

export interface CrashRun {
  /** URL of a module with a {@link CrashWork} as its default export. */
  readonly module: string;
  readonly input: unknown;
  readonly plan: FaultPlan;
}

export type CrashMoment = 'before' | 'during' | 'after';

/** The write at which the child was killed. */
export interface CrashPoint {
  readonly call: FaultyCall;
  /** 1 for the first write of this kind. */
  readonly nth: number;
  readonly moment: CrashMoment;
}

export interface CrashTest {
  readonly module: string;
  /** Makes the state that the child starts from, in an empty folder, and returns the child's input. */
  readonly prepare: (folder: string) => Promise<unknown>;
  /** Looks at what the killed child left behind; throws when anything is wrong. */
  readonly check: (folder: string, point: CrashPoint) => Promise<void>;
  /** Only writes whose key begins with this are counted. */
  readonly prefix?: string;
  /** Default: every put before, during and after, every delete before and after. */
  readonly moments?: Partial<Record<'put' | 'delete', readonly CrashMoment[]>>;
}

const MOMENTS = { put: ['before', 'during', 'after'], delete: ['before', 'after'] } as const;
const KILLED = 137;

/**
 * Runs the work over and over, killed (SIGKILL) at its first write, its second, … until it comes to its end, and checks what each left
 * behind. Returns the points at which it was killed, so that a test can assert that there were as many as it thinks.
 */
export async function crashAtEveryWrite(crashTest: CrashTest): Promise<readonly CrashPoint[]> {
  const points: CrashPoint[] = [];
  const { put, delete: remove } = { ...MOMENTS, ...crashTest.moments };
  for (const moment of put) points.push(...(await crashAtEachNth(crashTest, 'put', moment)));
  for (const moment of remove) points.push(...(await crashAtEachNth(crashTest, 'delete', moment)));
  return points;
}

/** Some at once: much of the time goes by in pauses. */
const AT_ONCE = 3;

async function crashAtEachNth(
  crashTest: CrashTest,
  call: 'put' | 'delete',
  moment: CrashMoment,
): Promise<CrashPoint[]> {
  const points: CrashPoint[] = [];
  for (;;) {
    const next = Array.from({ length: AT_ONCE }, (_, index) => ({ call, moment, nth: points.length + index + 1 }));
    const outcomes = await Promise.allSettled(next.map((point) => crashOnce(crashTest, point)));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') throw outcome.reason;
      if (!outcome.value) return points;
      points.push(next[index]!);
    }
  }
}

/** False when the work has no such write and came to its end. */
async function crashOnce(crashTest: CrashTest, point: CrashPoint): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'surety-crash-'));
  try {
    const input = await crashTest.prepare(folder);
    const done = await runCrashChild({ module: crashTest.module, input, plan: planFor(point, crashTest.prefix) });
    if (done.code !== 0 && done.code !== KILLED) {
      throw new Error(`work that was to be killed ${describe(point)} failed with ${done.code} instead\n${done.stderr}`);
    }
    if (done.code === KILLED) await checkAfter(crashTest, folder, point);
    return done.code === KILLED;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkAfter(crashTest: CrashTest, folder: string, point: CrashPoint): Promise<void> {
  try {
    await crashTest.check(folder, point);
  } catch (error) {
    throw new Error(`what was left by work killed ${describe(point)} is wrong`, { cause: error });
  }
}

function planFor({ call, nth, moment }: CrashPoint, prefix: string | undefined): FaultPlan {
  const action = { kind: 'kill', when: moment } as const;
  return { faults: [{ calls: [call], nth, action, ...(prefix === undefined ? {} : { prefix }) }] };
}

function describe({ call, nth, moment }: CrashPoint): string {
  return `${moment} ${call} ${nth}`;
}

/** Runs the work in a process of its own, with these faults. */
export function runCrashChild(run: CrashRun): Promise<Finished> {
  const child = join(import.meta.dirname, 'crash-child.ts');
  return runProgram([process.execPath, child], { stdin: JSON.stringify(run), timeoutMs: 60_000 });
}
