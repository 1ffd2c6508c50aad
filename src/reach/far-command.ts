/** Runs programs at the far end of a connection so that it looks the same as here. */
import type { FarEnd } from './far-channel.ts';
import type { ExecHow, Process } from './reach.ts';

/**
 * `Reach.exec` on another host: what the port promises, over any transport. What is to run is one line on stdin; marks in the streams tell where the
 * program's own output begins and ends, which process group to end, and how the program ended.
 */
export function execFar(_far: FarEnd, _argv: readonly string[], _how: ExecHow): Process {
  throw new Error('not there yet');
}
