/** Looks at both ends of a dump on its host: what is in between does not travel. */
import { messageOf } from '../../../base/errors.ts';
import type { Reach } from '../../../reach/reach.ts';
import { DUMP_END_BYTES } from '../../../rules/dump-trailer.ts';
import { runScript, valuesOf } from '../../far-script.ts';
import type { ToolHow } from '../../tool.ts';
import { type Completeness, judgeEnds, notToItsEnd, notUnpacked } from '../completeness.ts';
import { HEAD_BYTES, packingOf } from '../unpack.ts';

const HEX = `
hex() { od -An -v -tx1 | tr -d ' \\n'; }
`;

const FIRST = `${HEX}
printf 'first %s\\n' "$(head -c "$2" "$1" | hex)"
`;

const ENDS = `${HEX}
printf 'head %s\\n' "$(head -c "$2" "$1" | hex)"
printf 'tail %s\\n' "$(tail -c "$2" "$1" | hex)"
`;

/** The exit code of the program that unpacks counts; that of a pipe is its last program's. */
const PACKED_ENDS = `${HEX}
command -v "$3" >/dev/null 2>&1 || { printf 'missing %s\\n' "$3"; exit 0; }
printf 'head %s\\n' "$("$3" -dc <"$1" 2>/dev/null | head -c "$2" | hex)"
exec 4>&1
printf 'tail ' >&4
code=$( { { "$3" -dc <"$1" 2>/dev/null; echo "$?" >&3; } | tail -c "$2" | hex >&4; } 3>&1 )
printf '\\ncode %s\\n' "$code"
`;

/** Throws only what keeps the host from being asked. */
export async function farCompleteness(reach: Reach, path: string, how: ToolHow): Promise<Completeness> {
  const nothing = { problem: undefined, unchecked: undefined, versions: {} };
  const [first = ''] = valuesOf(await runScript(reach, FIRST, [path, String(HEAD_BYTES)], how)).get('first') ?? [];
  let packing: string | undefined;
  try {
    packing = packingOf(path, Buffer.from(first, 'hex'))?.name;
  } catch (error) {
    return { ...nothing, problem: notToItsEnd(messageOf(error)) };
  }
  const args = [path, String(DUMP_END_BYTES)];
  const script = packing === undefined ? ENDS : PACKED_ENDS;
  const values = valuesOf(await runScript(reach, script, packing === undefined ? args : [...args, packing], how));
  const [missing] = values.get('missing') ?? [];
  if (missing !== undefined) return { ...nothing, unchecked: notUnpacked(missing) };
  const code = values.get('code')?.[0] ?? '0';
  if (code !== '0') return { ...nothing, problem: notToItsEnd(`${packing} ended with exit code ${code}`) };
  const bytes = (key: string): Buffer => Buffer.from(values.get(key)?.[0] ?? '', 'hex');
  return judgeEnds({ head: bytes('head'), tail: bytes('tail') }, packing);
}
