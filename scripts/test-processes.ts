import { readdirSync, readFileSync } from 'node:fs';

/** The variable by which the processes of a test file are known: servers in sessions of their own keep it. */
export const TEST_FILE_MARK = 'TEST_FILE_MARK';

export interface LeftProcess {
  readonly pid: number;
  /** The command line, shortened. */
  readonly command: string;
}

interface KnownProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly group: number;
  readonly session: number;
}

/**
 * The processes that carry `mark` in their environment or descend from one that does, and those that share a group or a session
 * with them; this process and what it descends from are never among them. Empty where there is no /proc.
 */
export function processesMarked(mark: string): LeftProcess[] {
  const all = processes();
  const ours = lineOf(process.pid, all);
  const marked = all.filter(
    ({ pid }) => !ours.has(pid) && contentOf(pid, 'environ').includes(`${TEST_FILE_MARK}=${mark}\0`),
  );
  const found = new Set(marked.map(({ pid }) => pid));
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { pid, parentPid, group, session } of all) {
      if (!ours.has(pid) && [parentPid, group, session].some((id) => found.has(id))) found.add(pid);
    }
  }
  return [...found].map((pid) => ({ pid, command: commandOf(pid) })).filter(({ command }) => command !== '');
}

/** Kills them, and what they start meanwhile. Returns those that it found first. */
export function killMarked(mark: string): LeftProcess[] {
  const first = processesMarked(mark);
  for (let round = 0, left = first; left.length > 0 && round < 10; round += 1, left = processesMarked(mark)) {
    for (const { pid } of left) kill(pid);
  }
  return first;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, or belongs to another user.
  }
}

function processes(): KnownProcess[] {
  return numbersIn('/proc').flatMap((pid) => {
    // The name in parentheses may contain anything.
    const fields = contentOf(pid, 'stat').split(') ').at(-1)?.split(' ').map(Number) ?? [];
    const [, parentPid, group, session] = fields;
    if (parentPid === undefined || group === undefined || session === undefined) return [];
    return [{ pid, parentPid, group, session }];
  });
}

function lineOf(pid: number, all: readonly KnownProcess[]): Set<number> {
  const parents = new Map(all.map((one) => [one.pid, one.parentPid]));
  const line = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && !line.has(at); at = parents.get(at)) line.add(at);
  return line;
}

/** Empty for one that has ended but is not waited for yet. */
function commandOf(pid: number): string {
  return contentOf(pid, 'cmdline').replaceAll('\0', ' ').trim().slice(0, 120);
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .map(Number)
      .filter((id) => Number.isInteger(id));
  } catch {
    return [];
  }
}

function contentOf(pid: number, name: 'stat' | 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}
