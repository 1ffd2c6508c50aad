/** Values of options, parsed by commander. */
import { InvalidArgumentError } from 'commander';
import { parseBytes } from '../base/bytes.ts';
import { messageOf } from '../base/errors.ts';
import { PRESET_NAMES, type PresetName } from '../rules/presets.ts';

/** `1`, `20`, … */
export function positiveInteger(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Which part of the stored data to read. */
export type Subset =
  | { readonly part: number; readonly of: number }
  | { readonly percent: number }
  | { readonly sizeBytes: number };

/** `1/5` (the first of five parts), `10%` (chosen at random) or `2GiB` (the same, by size). */
export function subset(text: string): Subset {
  const part = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  if (part !== null) return partOf(Number(part[1]), Number(part[2]));
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text);
  if (percent !== null) return percentage(Number(percent[1]));
  try {
    const sizeBytes = parseBytes(text);
    if (/[a-z]/i.test(text) && sizeBytes > 0) return { sizeBytes };
  } catch (error) {
    throw new InvalidArgumentError(`${messageOf(error)}; write a part such as 1/5, 10% or 2GiB.`);
  }
  throw new InvalidArgumentError('Write a part such as 1/5, 10% or 2GiB.');
}

function partOf(part: number, of: number): Subset {
  if (part >= 1 && part <= of) return { part, of };
  throw new InvalidArgumentError(`There is no part ${part} of ${of}.`);
}

function percentage(percent: number): Subset {
  if (percent > 0 && percent <= 100) return { percent };
  throw new InvalidArgumentError('A percentage is more than 0 and at most 100.');
}

/** `5%` as 0.05. */
export function fraction(text: string): number {
  const match = /^(\d{1,3}(?:\.\d+)?)%?$/.exec(text);
  const percent = Number(match?.[1]);
  if (match !== null && percent <= 100) return percent / 100;
  throw new InvalidArgumentError('Write a percentage such as 5%.');
}

const KEEP_KEYS = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'];

/** `daily=7,weekly=5,yearly=all` as `{ daily: 7, weekly: 5, yearly: 'all' }`; the name of a preset as it is. */
export function keepRules(text: string): Record<string, number | 'all'> | PresetName {
  const preset = PRESET_NAMES.find((name) => name === text.trim());
  if (preset !== undefined) return preset;
  const rules: Record<string, number | 'all'> = {};
  for (const rule of text.split(',')) {
    const match = /^\s*([a-z]+)=(\d{1,6}|all)\s*$/.exec(rule);
    if (match === null || !KEEP_KEYS.includes(match[1]!)) {
      throw new InvalidArgumentError(
        `Write rules such as daily=7,weekly=5 (their names are ${KEEP_KEYS.join(', ')}), or a preset: ${PRESET_NAMES.join(', ')}.`,
      );
    }
    rules[match[1]!] = match[2] === 'all' ? 'all' : Number(match[2]);
  }
  return rules;
}
