import { createCipheriv, createHash } from 'node:crypto';

/** Seeded content, the same on every machine. */
export interface Generator {
  /** A number in 0 … below - 1. */
  below(limit: number): number;
  /** A number in 0 … 1, 1 excluded. */
  fraction(): number;
  /** Normally distributed around 0 with deviation 1. */
  normal(): number;
  /** Bytes that neither compress nor repeat. */
  noise(sizeBytes: number): Buffer;
  /** Words of a language with a vocabulary of 20,000 words; compresses to about two fifths. */
  prose(sizeBytes: number): Buffer;
  /** Records of fixed length with counters, flags and measured values; compresses to about a half. */
  records(sizeBytes: number): Buffer;
}

const VOCABULARY = 20_000;
/** Noise is made in pieces of this size; a request can not be larger. */
const NOISE_BLOCK = 1 << 16;

/** A generator for one purpose: different purposes with the same seed do not repeat each other. */
export function generatorOf(purpose: string, seed = 1): Generator {
  const key = createHash('sha256').update(`${purpose}/${seed}`).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16, 32));
  const zeros = Buffer.alloc(NOISE_BLOCK);
  const next = numbersOf(key.readUInt32LE(0));
  const words = vocabulary();
  const fraction = () => next() / 0x1_0000_0000;
  return {
    below: (limit) => Math.floor(fraction() * limit),
    fraction,
    normal: () => Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction()),
    noise: (sizeBytes) => noise(cipher, zeros, sizeBytes),
    prose: (sizeBytes) => prose(next, words, sizeBytes),
    records: (sizeBytes) => records(next, sizeBytes),
  };
}

/** 32-bit numbers, xorshift. */
function numbersOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function noise(cipher: { update(data: Buffer): Buffer }, zeros: Buffer, sizeBytes: number): Buffer {
  if (sizeBytes <= zeros.length) return cipher.update(zeros.subarray(0, sizeBytes));
  const bytes = Buffer.allocUnsafe(sizeBytes);
  for (let at = 0; at < sizeBytes; at += zeros.length) {
    cipher.update(zeros.subarray(0, Math.min(zeros.length, sizeBytes - at))).copy(bytes, at);
  }
  return bytes;
}

interface Vocabulary {
  readonly letters: Uint8Array;
  readonly starts: Int32Array;
}

let known: Vocabulary | undefined;

/** Pronounceable words, short ones first: the draw below prefers the first, as languages do. */
function vocabulary(): Vocabulary {
  if (known) return known;
  const next = numbersOf(0x5eed);
  const syllables =
    'ba be bi bo da de di do fa fi ga go ka ke ki la le li lo ma me mi na ne no pa pe ra re ri ro sa se si so ta te ti to va ve'.split(
      ' ',
    );
  const starts = new Int32Array(VOCABULARY + 1);
  let text = '';
  for (let word = 0; word < VOCABULARY; word++) {
    starts[word] = text.length;
    const length = 1 + Math.floor(Math.log2(word + 2) / 5) + (next() % 2);
    for (let part = 0; part < length; part++) text += syllables[next() % syllables.length];
    text += next() % 12 === 0 ? (next() % 4 === 0 ? '.\n' : ', ') : ' ';
  }
  starts[VOCABULARY] = text.length;
  known = { letters: Buffer.from(text, 'latin1'), starts };
  return known;
}

function prose(next: () => number, { letters, starts }: Vocabulary, sizeBytes: number): Buffer {
  const text = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  while (at < sizeBytes) {
    // The product of two uniform numbers: frequent words take most of the text.
    const draw = next();
    const word = Math.floor(((draw >>> 16) * (draw & 0xffff) * VOCABULARY) / 0x1_0000_0000);
    const end = starts[word + 1]!;
    for (let from = starts[word]!; from < end && at < sizeBytes; from++) text[at++] = letters[from]!;
  }
  return text;
}

function records(next: () => number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let counter = next() % 1_000_000;
  let value = 20_000;
  for (let at = 0; at + 16 <= sizeBytes; at += 16) {
    counter += 1;
    value += (next() % 201) - 100;
    bytes.writeUInt32LE(counter, at);
    bytes.writeInt32LE(value, at + 4);
    bytes.writeUInt32LE(next(), at + 8);
    bytes[at + 12] = counter & 3;
  }
  return bytes;
}
