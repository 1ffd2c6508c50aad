import { createHash } from 'node:crypto';
import { formatBytes } from '../../base/bytes.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { retry } from '../../base/retry.ts';
import { alreadyExists, bodySize, checkBodySize } from '../body.ts';
import { type Part, sendInParts } from '../parts.ts';
import type { Body, PutHow } from '../store.ts';
import { ask, blobOf, type Container } from './container.ts';
import { serviceCode } from './failure.ts';
import { asBuffer, attributes, conditions, holdsBytes, isTaken, putBytes } from './put-bytes.ts';
import { statBlob } from './read.ts';

/** The service takes no more blocks than this of one blob; with the usual size they hold 800 GB. */
const MAX_BLOCKS = 50_000;
const BLOCK_BYTES = 16 * 2 ** 20;
const PARALLEL = 4;

/**
 * Sends a body in blocks, several at once. It is a blob after the last request only; blocks without a blob are removed by the service
 * after a week. A body of one block is one ordinary put.
 */
export async function putInBlocks(container: Container, key: string, body: Body, how: PutHow): Promise<void> {
  const sizeBytes = bodySize(body);
  const wanted = container.options.partSizeBytes ?? BLOCK_BYTES;
  const partBytes = Math.max(wanted, Math.ceil((sizeBytes ?? 0) / MAX_BLOCKS));
  const parallel = Math.min(container.connections, PARALLEL);
  // Blocks of two uploads of one key at once must not be taken for each other's.
  const token = randomHex(8);
  let single = false;
  let attempts = 0;
  const send = async (part: Part, signal: AbortSignal): Promise<void> => {
    if (part.number > MAX_BLOCKS) throw tooLong(container, key, part.offset);
    single = part.number === 1 && part.last;
    attempts += 1;
    if (single) await putOnly(container, key, body, part.bytes, attempts, { ...how, signal });
    else await stageBlock(container, key, blockName(token, part.number), part.bytes, { ...how, signal });
  };
  if (how.ifAbsent === true && (sizeBytes ?? partBytes) >= partBytes) await requireAbsent(container, key, how);
  const sentBytes = await sendInParts(
    body,
    { signal: how.signal, partBytes, parallel, policy: container.policy },
    send,
  );
  if (single) return;
  checkBodySize(key, body, sentBytes);
  await commit(container, key, namesOf(token, Math.ceil(sentBytes / partBytes)), how);
  await checkStored(container, key, sentBytes, how);
}

/** All names of a blob's blocks have the same length. */
function blockName(token: string, number: number): string {
  return Buffer.from(`${token}-${String(number).padStart(6, '0')}`).toString('base64');
}

function namesOf(token: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => blockName(token, index + 1));
}

async function requireAbsent(container: Container, key: string, how: PutHow): Promise<void> {
  const found = await retry(() => statBlob(container, key, how), { signal: how.signal, policy: container.policy });
  if (found !== undefined) throw alreadyExists(key, container.location);
}

async function putOnly(
  container: Container,
  key: string,
  body: Body,
  bytes: Uint8Array,
  attempt: number,
  how: PutHow,
): Promise<void> {
  checkBodySize(key, body, bytes.length);
  try {
    await putBytes(container, key, bytes, how);
  } catch (error) {
    // An earlier attempt may have stored it although its answer was lost.
    const mayBeOurs = attempt > 1 && hasCode(error, 'store.exists');
    if (!mayBeOurs || !(await holdsBytes(container, key, bytes, how))) throw error;
  }
}

async function stageBlock(
  container: Container,
  key: string,
  name: string,
  bytes: Uint8Array,
  how: PutHow,
): Promise<void> {
  const transactionalContentMD5 = createHash('md5').update(bytes).digest();
  await ask(container, `write ${key}`, how, (sending) =>
    blobOf(container, key).stageBlock(name, asBuffer(bytes), bytes.length, { ...sending, transactionalContentMD5 }),
  );
}

async function commit(container: Container, key: string, names: readonly string[], how: PutHow): Promise<void> {
  const commitOnce = async (attempt: number): Promise<void> => {
    try {
      await ask(container, `write ${key}`, how, (sending) =>
        blobOf(container, key).commitBlockList([...names], {
          ...sending,
          ...attributes(container),
          ...conditions(how),
        }),
      );
    } catch (error) {
      if (attempt > 1 && (isTaken(error) || serviceCode(error) === 'InvalidBlockList')) {
        // Its answer was lost: the blocks are a blob by now.
        if (await isMadeOf(container, key, names, how)) return;
      }
      if (how.ifAbsent === true && isTaken(error)) throw alreadyExists(key, container.location, error);
      throw serviceCode(error) === 'InvalidBlockList' ? overtaken(container, key, error) : error;
    }
  };
  await retry(commitOnce, { signal: how.signal, policy: container.policy });
}

/** Whether the blob consists of these blocks, which nobody else has. */
async function isMadeOf(container: Container, key: string, names: readonly string[], how: PutHow): Promise<boolean> {
  const found = await ask(container, `look at ${key}`, how, (sending) =>
    blobOf(container, key).getBlockList('committed', sending),
  );
  return found.committedBlocks?.map(({ name }) => name).join() === names.join();
}

/** Who commits first throws away the blocks that others sent for the same blob. */
function overtaken(container: Container, key: string, cause: unknown): SuretyError {
  return new SuretyError(
    'store.unavailable',
    `${key} was written by somebody else meanwhile in ${container.location}`,
    {
      retry: 'later',
      cause,
      details: { key },
    },
  );
}

async function checkStored(container: Container, key: string, sizeBytes: number, how: PutHow): Promise<void> {
  const found = await retry(() => statBlob(container, key, how), { signal: how.signal, policy: container.policy });
  if (found?.sizeBytes === sizeBytes) return;
  const size = found === undefined ? 'is not there' : `has ${found.sizeBytes} bytes`;
  throw new SuretyError(
    'store.failed',
    `${key} ${size} in ${container.location} after ${sizeBytes} were sent in blocks`,
    { details: { key, sizeBytes } },
  );
}

function tooLong(container: Container, key: string, sizeBytes: number): SuretyError {
  return new SuretyError(
    'store.failed',
    `${key} is longer than ${formatBytes(sizeBytes)}, which is all that ${MAX_BLOCKS} blocks hold in ${container.location}`,
    { hint: 'set a larger part_size', details: { key } },
  );
}
