/** `mirror.json` among the records: which repository it is. */
import * as z from 'zod';
import type { Clock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import type { Store } from '../../stores/store.ts';
import type { How } from '../engine.ts';
import { damaged } from './repository.ts';

const MARKER_KEY = 'mirror.json';
const FORMAT = 'surety-mirror';
const VERSION = 1;

const schema = z.looseObject({
  format: z.literal(FORMAT),
  version: z.number(),
  id: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Throws `repository.exists`. */
export async function writeMarker(
  records: Store,
  { program, clock }: { readonly program: string; readonly clock: Clock },
  how: How,
): Promise<void> {
  const marker = { format: FORMAT, version: VERSION, id: randomHex(32), created: clock.now().toISOString(), program };
  try {
    await records.put(MARKER_KEY, Buffer.from(`${JSON.stringify(marker, null, 2)}\n`), { ...how, ifAbsent: true });
  } catch (cause) {
    if (!hasCode(cause, 'store.exists')) throw cause;
    throw new SuretyError('repository.exists', `there is a mirror in ${records.traits.location} already`, { cause });
  }
}

/** The repository's id. Throws `repository.missing`, `repository.version` and `repository.damaged`. */
export async function readMarker(records: Store, location: string, how: How): Promise<string> {
  const missing = (cause?: unknown) =>
    new SuretyError('repository.missing', `there is no mirror in ${location}`, {
      hint: 'run surety init to make one; where it was there before, look whether its disk is mounted',
      cause,
    });
  let bytes: Uint8Array;
  try {
    if ((await records.stat(MARKER_KEY, how)) === undefined) throw missing();
    bytes = await records.read(MARKER_KEY, undefined, how);
  } catch (error) {
    throw hasCode(error, 'store.not-found') ? missing(error) : error;
  }
  const parsed = schema.safeParse(jsonOf(bytes));
  if (!parsed.success) throw damaged(MARKER_KEY, 'it does not name a mirror');
  if (parsed.data.version === VERSION) return parsed.data.id;
  throw new SuretyError('repository.version', `the mirror in ${location} has format ${parsed.data.version}`, {
    hint: `this version of Surety knows format ${VERSION}: use a newer one`,
  });
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
