import * as z from 'zod';
import { type CommandLine, commandLineValue } from '../../base/command-line.ts';
import { durationValue, type SecretSpec, secretValue, sizeValue } from '../../base/option-values.ts';
import { RESERVED_NAME } from '../source.ts';

/** What is run to back something up and to restore it. */
export interface CommandOptions {
  /** Its output is what is stored. */
  readonly backup: CommandLine;
  /** Gets what is stored on its standard input. Undefined: it can only be restored as a file. */
  readonly restore: CommandLine | undefined;
  /** Name of the file in snapshots; undefined: `<source>.out`. */
  readonly fileName: string | undefined;
  readonly expect: ExpectedOutput;
  /** Whether no output at all is a backup. */
  readonly allowEmpty: boolean;
  /** Variables for both commands. */
  readonly env: Readonly<Record<string, SecretSpec>>;
  /** How long either command may take; undefined: as long as it wants. */
  readonly timeoutMs: number | undefined;
}

/** What output has to be like to count. */
export interface ExpectedOutput {
  readonly minBytes: number;
  readonly startsWith: string;
  /** White space behind it does not matter. */
  readonly endsWith: string;
}

const fileName = z
  .string()
  .refine(isFileName, { error: 'this is not the name of a file', params: { hint: 'use a name without /' } });

function isFileName(text: string): boolean {
  const isName = text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text);
  return isName && text !== RESERVED_NAME;
}

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'this is not the name of a variable' });

/** The keys of a `command` source in the configuration, besides those that every source has. */
export const commandSchema = z.strictObject({
  backup: commandLineValue.describe('a command that writes what is to be stored to its standard output'),
  restore: commandLineValue.describe('a command that gets what was stored on its standard input').optional(),
  name: fileName.describe('name of the file in snapshots; default: the name of the source and .out').optional(),
  expect: z
    .strictObject({
      min_size: sizeValue.describe('the output is at least so long').optional(),
      starts_with: z.string().min(1).describe('text that the output begins with').optional(),
      ends_with: z.string().min(1).describe('text that the output ends with').optional(),
    })
    .describe('what the output must be like to count as a backup')
    .optional(),
  allow_empty: z.boolean().describe('whether no output at all is a backup; default false').optional(),
  env: z.record(variableName, secretValue).describe('variables for the commands').optional(),
  timeout: durationValue.describe('how long a command may take; default: as long as it wants').optional(),
});

/** What was read by {@link commandSchema}, with defaults filled in. */
export function commandOptions(raw: z.output<typeof commandSchema>): CommandOptions {
  return {
    backup: raw.backup,
    restore: raw.restore,
    fileName: raw.name,
    expect: {
      minBytes: raw.expect?.min_size ?? 0,
      startsWith: raw.expect?.starts_with ?? '',
      endsWith: raw.expect?.ends_with?.trimEnd() ?? '',
    },
    allowEmpty: raw.allow_empty ?? false,
    env: raw.env ?? {},
    timeoutMs: raw.timeout,
  };
}
