/** Hooks as operations get them: with the way to the host they run on. */
import type { Hooked, HookGround } from '../operations/hooks.ts';
import type { Reach } from '../reach/reach.ts';
import type { HookSet } from '../rules/hook.ts';

/** Undefined where there are none. */
export function hookedOf(hooks: HookSet, host: string, how: GroundHow): Hooked | undefined {
  if (hooks.before.length + hooks.after.length === 0) return undefined;
  return { hooks, host, ...hookGround(host, how) };
}

export interface GroundHow {
  /** Closes the way when all is done. */
  readonly opened: AsyncDisposableStack;
  /** The configuration's folder: paths in hooks are relative to it, as all paths are. */
  readonly directory: string;
}

/** Where the hooks of a host of the configuration run. */
export function hookGround(_host: string, { opened, directory }: GroundHow): HookGround {
  let reach: Promise<Reach> | undefined;
  return { reach: () => (reach ??= openReach().then((opening) => opened.use(opening))), cwd: directory };
}

/** Every host is this machine: others are not available in this version. */
async function openReach(): Promise<Reach> {
  const { openLocal } = await import('../reach/local.ts');
  return openLocal();
}
