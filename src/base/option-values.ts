/** Schemas of the values that the options of many adapters have in common. */
import * as z from 'zod';
import { parseBytes } from './bytes.ts';
import { LONGEST_WAIT_MS } from './clock.ts';
import { parseDuration } from './durations.ts';
import { SuretyError } from './errors.ts';
import { Secret } from './secret.ts';

/** Where a secret comes from. It is fetched when it is needed, not before. */
export type SecretSpec =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] }
  /** Written in the configuration itself. */
  | { readonly plain: Secret };

const nonEmpty = z.string().min(1);

/** `{ env: NAME }`, `{ file: PATH }`, `{ command: [program, argument…] }` or the secret as plain text. */
export const secretValue = z
  .union([
    nonEmpty.transform((text) => ({ plain: new Secret(text) })),
    z.strictObject({ env: nonEmpty.describe('name of an environment variable') }),
    z.strictObject({ file: nonEmpty.describe('path of a file that holds only the secret') }),
    z.strictObject({ command: z.array(nonEmpty).min(1).describe('a program and its arguments; it prints the secret') }),
  ])
  .describe('a secret: { env: NAME }, { file: PATH } or { command: [program, argument] }');

/** A secret that may also be on the host of a source, where it is taken by what needs it; it never comes here. */
export type PasswordSpec = SecretSpec | { readonly host: { readonly variable: string } | { readonly file: string } };

/** As {@link secretValue}, or `{ host_env: NAME }` or `{ host_file: PATH }` for what is on the host of the source. */
export const passwordValue = z
  .union([
    ...secretValue.options,
    z
      .strictObject({ host_env: nonEmpty.describe("a variable on the source's host, such as one of its container") })
      .transform(({ host_env }) => ({ host: { variable: host_env } })),
    z
      .strictObject({ host_file: nonEmpty.describe("path of a file on the source's host that holds only the secret") })
      .transform(({ host_file }) => ({ host: { file: host_file } })),
  ])
  .describe(
    'a secret: { env: NAME }, { file: PATH }, { command: [program, argument] }, or on the host { host_env: NAME }',
  );

/** A duration such as `24h`; becomes milliseconds. */
export const durationValue = z
  .string('must be a duration such as 15m, 24h or 7d')
  .meta({ description: 'a duration such as 15m, 24h or 7d', examples: ['24h', '7d'] })
  .transform(parsedBy(parseDuration));

/** As {@link durationValue}, of what a timer waits for: no more than {@link LONGEST_WAIT_MS}. */
export const waitValue = durationValue.transform((ms) => Math.min(ms, LONGEST_WAIT_MS));

/** A size such as `10MiB`, or a number of bytes; becomes bytes. */
export const sizeValue = z
  .union([z.string(), z.int().min(0)])
  .meta({ description: 'a size such as 512KiB or 10MiB', examples: ['10MiB'] })
  .transform(parsedBy((value: string | number) => (typeof value === 'number' ? value : parseBytes(value))));

/**
 * Makes a zod transform of a parser that throws {@link SuretyError}: its message becomes the issue's, its hint
 * goes along as `params.hint`.
 */
export function parsedBy<In, Out>(parse: (value: In) => Out): (value: In, context: z.RefinementCtx) => Out {
  return (value, context) => {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof SuretyError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { hint: error.hint } });
      return z.NEVER;
    }
  };
}
