/** Tells whether a source goes to the same place as before, without remembering anything of it. */
import { createHash } from 'node:crypto';
import type { SourceConfig } from '../config/config.ts';

/** Options that say how to get in, not where to; a new password is no new place. */
const SECRET = /password|secret|token|passphrase|credential|identity|key/i;

/** The same as long as kind, host and options of the source are. No secret goes into it. */
export function placeMark({ kind, host, options }: Pick<SourceConfig, 'kind' | 'host' | 'options'>): string {
  const text = JSON.stringify([kind, host, options], (key, value) => (SECRET.test(key) ? undefined : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
