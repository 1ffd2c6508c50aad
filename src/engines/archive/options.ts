import * as z from 'zod';
import { type SecretSpec, secretValue } from '../../base/option-values.ts';

/** How an `archive` repository is written and read, without the store it is in. */
export interface ArchiveOptions {
  readonly compression: Compression;
  /** Undefined: the default of the compression. */
  readonly level: number | undefined;
  /** Public keys of age to encrypt to; none: nothing is encrypted. */
  readonly recipients: readonly string[];
  /** The secret key that opens what is encrypted; only restores and full verification need it. */
  readonly identity: SecretSpec | undefined;
  /** Templates of the file names and of the folders. */
  readonly name: string;
  readonly folder: string;
  readonly checksum: 'sha256' | 'sha512';
}

export type Compression = 'gzip' | 'zstd' | 'none';

export const DEFAULT_NAME = '{type}_{time}';
const DEFAULT_FOLDER = '{type}';
const TOKENS = ['type', 'source', 'database', 'time', 'iso', 'ext'];
const MAX_LEVEL: Readonly<Record<Compression, number>> = { gzip: 9, zstd: 19, none: 0 };

/** The keys of an `archive` repository in the configuration. */
export const archiveSchema = z
  .strictObject({
    compression: z.enum(['gzip', 'zstd', 'none']).describe('of each file; default gzip').optional(),
    compression_level: z
      .int()
      .min(1)
      .max(19)
      .describe('1–9 for gzip (default 6), 1–19 for zstd (default 3)')
      .optional(),
    encryption: z
      .strictObject({
        age: z.array(z.string().regex(/^age1[0-9a-z]+$/, { error: 'a public key of age begins with age1' })).min(1),
      })
      .describe('public keys of age; whoever has one of their secret keys can read the backups, this machine can not')
      .optional(),
    identity: secretValue.describe('the secret key of age, where backups are restored or read whole').optional(),
    name: z.string().superRefine(checkName).describe(`names of the files; default ${DEFAULT_NAME}`).optional(),
    folder: z.string().superRefine(checkFolder).describe(`folders of the files; default ${DEFAULT_FOLDER}`).optional(),
    checksum: z.enum(['sha256', 'sha512']).describe('of each file; default sha256').optional(),
  })
  .superRefine(({ compression = 'gzip', compression_level: level }, context) => {
    if (level === undefined || level <= MAX_LEVEL[compression]) return;
    const message = compression === 'none' ? 'there is no compression' : `${compression} has levels up to 9`;
    context.addIssue({ code: 'custom', path: ['compression_level'], message });
  });

/** What was read by {@link archiveSchema}, with defaults filled in. */
export function archiveOptions(raw: z.output<typeof archiveSchema>): ArchiveOptions {
  return {
    compression: raw.compression ?? 'gzip',
    level: raw.compression_level,
    recipients: raw.encryption?.age ?? [],
    identity: raw.identity,
    name: raw.name ?? DEFAULT_NAME,
    folder: raw.folder ?? DEFAULT_FOLDER,
    checksum: raw.checksum ?? 'sha256',
  };
}

function checkName(template: string, context: z.RefinementCtx): void {
  const tell = (message: string, hint?: string) => context.addIssue({ code: 'custom', message, params: { hint } });
  checkTokens(template, /^[A-Za-z0-9._-]*$/, tell);
  if (!/\{(time|iso)\}/.test(template)) tell('two backups would have the same name', 'put {time} or {iso} into it');
  if (/\{ext\}(?!$)|(?<!\.)\{ext\}/.test(template)) tell('{ext} stands at the end, after a dot');
}

function checkFolder(template: string, context: z.RefinementCtx): void {
  const tell = (message: string, hint?: string) => context.addIssue({ code: 'custom', message, params: { hint } });
  checkTokens(template, /^[A-Za-z0-9._/-]*$/, tell);
  if (template.split('/').some((part) => ['', '.', '..'].includes(part))) tell('it is not a relative folder');
  if (/^(logs|tmp|\.[^/]*)(\/|$)/.test(template)) tell('this folder is used for something else');
}

function checkTokens(template: string, literal: RegExp, tell: (message: string, hint?: string) => void): void {
  const unknown = [...template.matchAll(/\{([^}]*)\}/g)].find(([, token]) => !TOKENS.includes(token ?? ''));
  if (unknown !== undefined) tell(`there is no ${unknown[0]}`, `known: ${TOKENS.map((one) => `{${one}}`).join(' ')}`);
  else if (!literal.test(template.replace(/\{[^}]*\}/g, ''))) {
    tell(
      'names may only have the characters A-Z a-z 0-9 . _ -',
      'a time of {iso} has hyphens where others have colons',
    );
  }
}
