/** Hooks as operations get them: with the way to the host they run on. */
import type { Hooked } from '../operations/hooks.ts';
import type { Reach } from '../reach/reach.ts';
import type { HookSet } from '../rules/hook.ts';

/** Undefined where there are none. `opened` closes the way when all is done. */
export function hookedOf(hooks: HookSet, host: string, opened: AsyncDisposableStack): Hooked | undefined {
  if (hooks.before.length + hooks.after.length === 0) return undefined;
  return { hooks, host, reach: reachOf(host, opened) };
}

/** The way to a host of the configuration. */
export function reachOf(_host: string, opened: AsyncDisposableStack): Hooked['reach'] {
  let reach: Promise<Reach> | undefined;
  return () => (reach ??= openReach().then((opening) => opened.use(opening)));
}

/** Every host is this machine: others are not available in this version. */
async function openReach(): Promise<Reach> {
  const { openLocal } = await import('../reach/local.ts');
  return openLocal();
}
