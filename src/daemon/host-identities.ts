/** Who answered at a host when it was last reached: a small file for each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { replaceFile } from '../base/replace-file.ts';
import type { HostIdentities } from '../operations/check-host/host-to-check.ts';

const schema = z.object({
  address: z.string().optional(),
  key: z.string().optional(),
  at: z.coerce.date(),
});

/** Kept in `folder`, which is made when there is something to remember. What can not be read or written is as if it had never been. */
export function openHostIdentities(folder: string): HostIdentities {
  const fileOf = (host: string) => join(folder, `${host}.json`);
  return {
    last(host) {
      try {
        const { address, key, at } = schema.parse(JSON.parse(readFileSync(fileOf(host), 'utf8')));
        return { address, key, at };
      } catch {
        return undefined;
      }
    },
    remember(host, { address, key }, at) {
      try {
        replaceFile(fileOf(host), `${JSON.stringify({ address, key, at }, undefined, 2)}\n`);
      } catch {
        // Then a change goes unnoticed; the host keys of ssh are checked all the same.
      }
    },
  };
}
