import { SuretyError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const STEPS = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
] as const;

/**
 * Bytes of a size such as `10MiB`, `1.5 GiB`, `500MB` or `4096`. `KB`, `MB`, … are powers of 1000; `KiB`, `MiB`, … and
 * the single letters `K`, `M`, … are powers of 1024. Fails with `value.size`.
 */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = match === null ? undefined : UNITS[match[2]!.toLowerCase()];
  if (match === null || unit === undefined) throw notASize(text);
  const sizeBytes = Number(match[1]) * unit;
  const rounded = Math.round(sizeBytes);
  if (!Number.isSafeInteger(rounded)) throw notASize(text);
  return rounded;
}

function notASize(text: string): SuretyError {
  return new SuretyError('value.size', `"${text}" is not a size`, {
    hint: 'write a number and a unit, such as 512KiB, 10MiB or 1.5GiB',
  });
}

/** A size for people: `0 B`, `512 B`, `10 MiB`, `1.46 GiB`; three digits, so {@link parseBytes} gets back nearly the same. */
export function formatBytes(sizeBytes: number): string {
  for (const [unit, size] of STEPS) {
    // 1023.999 KiB would round to "1024 KiB": it belongs to the next unit.
    if (sizeBytes >= size * 0.9995) return `${threeDigits(sizeBytes / size)} ${unit}`;
  }
  return `${Math.round(sizeBytes)} B`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  const text = value.toFixed(value >= 9.995 ? 1 : 2);
  return text.replace(/\.?0+$/, '');
}
