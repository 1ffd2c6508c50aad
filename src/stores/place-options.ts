/** Schemas of the options that stores on the web have in common. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { SuretyError } from '../base/errors.ts';
import { parsedBy, type SecretSpec } from '../base/option-values.ts';

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

/** A secret's spec with the path of its file made absolute. */
export function secretIn(spec: SecretSpec | undefined, directory: string): SecretSpec | undefined {
  return spec !== undefined && 'file' in spec ? { file: resolve(directory, spec.file) } : spec;
}
