/** Small scripts of `sh` that look at, and change, files on another host. GNU, busybox and BSD userlands run them. */
import type { Reach } from '../reach/reach.ts';
import { runTool, type ToolHow } from './tool.ts';

/** The script with positional parameters. */
export function scriptArgv(script: string, args: readonly string[]): string[] {
  return ['sh', '-c', script, 'surety', ...args];
}

/** What the script writes. Throws unless it ends with exit code 0. */
export async function runScript(
  reach: Reach,
  script: string,
  args: readonly string[],
  how: ToolHow,
  maxBytes?: number,
): Promise<string> {
  return await runTool(reach, scriptArgv(script, args), { ...how, env: { LC_ALL: 'C', ...how.env } }, maxBytes);
}

/** The lines `key value` of a script's output; of a key that comes twice, all values. */
export function valuesOf(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(' ');
    if (at < 0) continue;
    const key = line.slice(0, at);
    values.set(key, [...(values.get(key) ?? []), line.slice(at + 1)]);
  }
  return values;
}
