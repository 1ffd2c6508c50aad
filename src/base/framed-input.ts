/**
 * Input whose end is told from its breaking off. A program that reads a pipe takes any end for the whole: also that of a connection, or of
 * whoever wrote to it. As frames, `LENGTH\n` and as many bytes, with `0\n` at the end, that can be told apart by a shell in front of the program.
 */

/**
 * `command` with its input taken from frames. The program gets a pipe that is closed at the end. Where the input breaks off before, it must not take
 * half of it for the whole: everything in its process group is killed.
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

/** The largest frame: `dd` holds one in memory. */
const FRAME_BYTES = 1 << 20;

/** The input as frames. */
export async function* framed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += FRAME_BYTES) {
      const piece = chunk.subarray(at, at + FRAME_BYTES);
      yield frameHead(piece.length);
      yield piece;
    }
  }
  yield frameHead(0);
}

/** Ends well where frames can be taken apart: `dd` has to know how to wait for a whole one. */
export const UNFRAMES = ['sh', '-c', 'dd if=/dev/null bs=1 count=1 iflag=fullblock 2>/dev/null'] as const;
