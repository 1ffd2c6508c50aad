/** Secrets of other configurations: what takes their place. */
import type { Draft } from './draft.ts';
import type { Setting } from './settings.ts';

/** `{ env: NAME }` for a secret that stands in an environment file, with a note on how Surety gets it. */
export function secretInVariable(setting: Setting, draft: Draft, name = setting.key): { readonly env: string } {
  draft.note(
    setting,
    `the secret itself is not copied: Surety takes it from the variable ${name}, which has to be in its environment`,
  );
  return { env: name };
}

const SECRET_NAMES = /(?:pass(?:word|wd|phrase)?|secret|token|api_?key|credential)s?[A-Za-z0-9_]*\s*[=:]\s*\S/i;
const AUTHORIZATION = /authorization\s*:|\b(?:bearer|token|basic)\s+[\w.~+/-]{8,}/i;
const ADDRESS_WITH_PASSWORD = /:\/\/[^\s/:@]*:[^\s/@]+@/;
const PING_ADDRESS = /https?:\/\/\S*[0-9a-f]{8}-[0-9a-f]{4}-|https?:\/\/(?:hc-ping\.com|hooks\.slack\.com)\/\S/i;
const PASSWORD_OPTION = /(?:^|\s)(?:--?[a-z-]*pass(?:word|phrase)?[= ]\S|-p\S{3,}(?=\s|$))/i;

const MAX_COMMAND = 10_000;

/** Whether a command line seems to have a secret in it, which must not be copied. Rather one too many than one too few. */
export function seemsSecret(text: string): boolean {
  if (text.length > MAX_COMMAND) return true;
  return [SECRET_NAMES, AUTHORIZATION, ADDRESS_WITH_PASSWORD, PING_ADDRESS, PASSWORD_OPTION].some((pattern) =>
    pattern.test(text),
  );
}

/** Whether an address has a user's password in it. */
export function hasPassword(address: string): boolean {
  return ADDRESS_WITH_PASSWORD.test(address);
}

/** The address without it: a user's name stays. */
export function withoutPassword(address: string): string {
  return address.replace(/(\/\/[^/:@\s]*):[^/@\s]*@/, '$1@');
}
