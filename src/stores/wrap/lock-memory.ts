/** What this machine remembers of the locks of one place: a file that can be lost, then the service is asked again. */
import { rememberedFile } from '../../base/remembered-file.ts';
import type { LockMemory } from './lock-new.ts';

/** Locks that are over are forgotten when it is saved; `location` is that of the store. */
export function openLockMemory(folder: string, location: string, now: () => Date): LockMemory {
  const file = rememberedFile(folder, location);
  let known: Map<string, number> | undefined;
  let changed = false;
  const all = () => (known ??= parse(file.read()));
  return {
    get: (key) => all().get(key),
    set(key, untilMs) {
      all().set(key, untilMs);
      changed = true;
    },
    save() {
      if (!changed || known === undefined) return;
      const nowMs = now().getTime();
      const current = [...known].filter(([, untilMs]) => untilMs > nowMs);
      if (file.write(`${JSON.stringify(Object.fromEntries(current))}\n`)) changed = false;
    },
  };
}

function parse(json: Buffer | undefined): Map<string, number> {
  try {
    const found: unknown = json && JSON.parse(json.toString('utf8'));
    if (typeof found !== 'object' || found === null) return new Map();
    return new Map(Object.entries(found).filter((pair): pair is [string, number] => typeof pair[1] === 'number'));
  } catch {
    return new Map();
  }
}
