/** Schemas of the options that stores on the web have in common. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { formatBytes } from '../base/bytes.ts';
import { SuretyError } from '../base/errors.ts';
import { parsedBy, type SecretSpec, sizeValue, waitValue } from '../base/option-values.ts';
import type { ConnectionOptions } from './connections.ts';

/** How a service is reached, and in what pieces large bodies go to it. */
export interface WebOptions extends ConnectionOptions {
  /** Requests at once. */
  readonly connections?: number | undefined;
  readonly partSizeBytes?: number | undefined;
}

/** The folder in a bucket or container, without `/` at its ends. */
export const prefixValue = z
  .string()
  .transform(parsedBy(checkedPrefix))
  .describe('the folder in it; default: the whole of it')
  .default('');

/** An `http` or `https` URL without credentials, without `/` at its end. */
export function webUrlValue(example: string) {
  return z.string().transform(
    parsedBy((text: string) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || !/^https?:$/.test(url.protocol)) {
        throw invalidPlace(withoutCredentials(text), 'it is not an http or https URL', `write ${example}`);
      }
      if (url.username !== '' || url.password !== '' || url.search !== '') {
        throw invalidPlace(withoutCredentials(text), 'credentials do not belong into a URL', 'leave them out');
      }
      return text.replace(/\/+$/, '');
    }),
  );
}

/** The keys of {@link WebOptions} in the object form of a store. */
export const webFields = {
  ca_file: z.string().min(1).describe('certificates to trust besides the usual ones').optional(),
  proxy: webUrlValue('http://proxy.example.org:3128').describe('default: HTTPS_PROXY, HTTP_PROXY, NO_PROXY').optional(),
  connections: z.int().min(1).max(256).describe('requests at once; default 16').optional(),
  connect_timeout: waitValue.describe('default 15s').optional(),
  idle_timeout: waitValue.describe('a connection on which nothing moves is given up; default 1m').optional(),
};

const MAX_PART_BYTES = 2 ** 30;

/** The size of the pieces of large bodies, in bytes: 1 GiB at most. */
export function partSizeValue(minBytes: number) {
  return sizeValue.refine((sizeBytes) => sizeBytes >= minBytes && sizeBytes <= MAX_PART_BYTES, {
    error: `must be from ${formatBytes(minBytes)} to ${formatBytes(MAX_PART_BYTES)}`,
  });
}

/** The options that were read with {@link webFields} and `part_size`. */
export function webOptions(
  raw: z.infer<z.ZodObject<typeof webFields>> & { readonly part_size?: number | undefined },
): WebOptions {
  return {
    caFile: raw.ca_file,
    proxy: raw.proxy,
    connections: raw.connections,
    partSizeBytes: raw.part_size,
    connectTimeoutMs: raw.connect_timeout,
    idleTimeoutMs: raw.idle_timeout,
  };
}

/** A prefix without `/` at its ends. Throws `store.invalid-url` for one that could lead elsewhere. */
export function checkedPrefix(prefix: string): string {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '');
  const parts = trimmed.split('/');
  if (trimmed !== '' && parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw invalidPlace(prefix, 'a prefix has no empty parts and no . or ..', 'write folder/subfolder');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[\u0000-\u001f\u007f]/.test(trimmed)) {
    throw invalidPlace('…', 'the prefix has a control character', 'leave it out');
  }
  return trimmed;
}

/** A URL without what may be a password or a token. */
export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//…@').replace(/[?#].*$/s, '?…');
}

export function invalidPlace(text: string, problem: string, hint: string): SuretyError {
  return new SuretyError('store.invalid-url', `"${text}" can not be used: ${problem}`, { hint });
}

/** A path made absolute. */
export function pathIn(path: string | undefined, directory: string): string | undefined {
  return path === undefined ? undefined : resolve(directory, path);
}

/** A secret's spec with the path of its file made absolute. */
export function secretIn(spec: SecretSpec | undefined, directory: string): SecretSpec | undefined {
  return spec !== undefined && 'file' in spec ? { file: resolve(directory, spec.file) } : spec;
}
