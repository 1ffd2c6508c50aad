import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from './tools/tool.ts';

export interface Measured {
  readonly wallMs: number;
  /** User and system time of the whole process tree, as far as it was seen; steadier than wall time on a busy machine. */
  readonly cpuMs: number;
  /** Largest resident memory of the whole process tree. */
  readonly peakBytes: number;
}

/** How often the process tree is looked at. Memory peaks of one process are kept by the system; only their sum depends on this. */
const SAMPLE_MS = 40;
/** The unit of times in /proc; 100 on every Linux that Node runs on. */
const TICK_MS = 10;

const UNWANTED = /^(AWS_|RESTIC_|BORG_|SURETY_|NODE_OPTIONS$)/;

/** Runs a command to its end. Throws with the last of what it printed unless it exits 0. */
export async function measure(command: Command): Promise<Measured> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !UNWANTED.test(name)));
  const startedAtMs = performance.now();
  const child = spawn(command.argv[0] ?? '', command.argv.slice(1), {
    cwd: command.cwd,
    env: { ...inherited, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const watch = watchTree(child.pid ?? 0);
  let complaint = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => {
      complaint = (complaint + piece.toString('utf8')).slice(-4_000);
    });
  }
  const ending = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `code ${code ?? signal}`));
  });
  const wallMs = performance.now() - startedAtMs;
  const { cpuMs, peakBytes } = watch.stop();
  if (ending !== '') throw new Error(`${command.argv.join(' ')} ended with ${ending}\n${complaint}`);
  return { wallMs, cpuMs, peakBytes };
}

/** Looks at a process and its descendants until stopped. */
function watchTree(root: number): { stop(): { cpuMs: number; peakBytes: number } } {
  let peakBytes = 0;
  const cpu = new Map<number, number>();
  const sample = () => {
    let residentBytes = 0;
    for (const pid of descendants(root)) {
      const memory = memoryOf(pid);
      residentBytes += memory.residentBytes;
      peakBytes = Math.max(peakBytes, memory.highestBytes);
      cpu.set(pid, Math.max(cpu.get(pid) ?? 0, cpuOf(pid)));
    }
    peakBytes = Math.max(peakBytes, residentBytes);
  };
  const timer = setInterval(sample, SAMPLE_MS);
  sample();
  return {
    stop: () => {
      clearInterval(timer);
      return { peakBytes, cpuMs: [...cpu.values()].reduce((sum, ms) => sum + ms, 0) };
    },
  };
}

function descendants(root: number): number[] {
  const found = [root];
  for (let at = 0; at < found.length; at++) {
    const tasks = `/proc/${found[at]}/task`;
    for (const task of listing(tasks)) found.push(...numbersIn(content(`${tasks}/${task}/children`)));
  }
  return found;
}

function memoryOf(pid: number): { residentBytes: number; highestBytes: number } {
  const status = content(`/proc/${pid}/status`);
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { residentBytes: kibibytes('VmRSS'), highestBytes: kibibytes('VmHWM') };
}

/** Own time only: children are counted as processes of their own. */
function cpuOf(pid: number): number {
  const stat = content(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
}

function numbersIn(text: string): number[] {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map(Number);
}

/** '' when the process has gone meanwhile. */
function content(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
