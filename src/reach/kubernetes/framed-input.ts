/**
 * The end of input where the protocol has none: over v4.channel.k8s.io stdin can only be closed together with everything else. There, input
 * travels as frames, `LENGTH\n` and as many bytes, with `0\n` at the end, and a shell in the container takes them apart again.
 */

/**
 * `command` with its input taken from frames. The program gets a pipe that is closed at the end. Where the connection breaks before, it must not take
 * half of its input for the whole: everything in its process group is killed.
 */
export function framedCommand(command: readonly string[]): string[] {
  return ['sh', '-c', UNFRAME, 'sh', ...command];
}

/** `dd` reads no byte more than it is told, which `head` of busybox does. The loop must not be waited for: the program may not read at all. */
const UNFRAME = [
  'trap : TERM',
  'exec 3<&0',
  [
    '{ {',
    'while IFS= read -r n; do',
    'if [ "$n" -eq 0 ]; then exit; fi;',
    'dd bs="$n" count=1 iflag=fullblock 2>/dev/null || exit;',
    'done;',
    'if kill -0 $$ 2>/dev/null; then kill -KILL 0; fi;',
    '} <&3 2>/dev/null & } | "$@" 3<&-',
  ].join(' '),
].join('; ');

/** One frame's head. */
export function frameHead(sizeBytes: number): Buffer {
  return Buffer.from(`${sizeBytes}\n`, 'latin1');
}
