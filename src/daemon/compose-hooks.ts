/** Hooks as operations get them: with the way to the host they run on. */
import type { Hooked, HookGround } from '../operations/hooks.ts';
import type { HookSet } from '../rules/hook.ts';
import { type Hosts, isHere } from './compose-host.ts';

/** Undefined where there are none. */
export function hookedOf(hooks: HookSet, host: string, how: GroundHow): Hooked | undefined {
  if (hooks.before.length + hooks.after.length === 0) return undefined;
  return { hooks, host, ...hookGround(host, how) };
}

export interface GroundHow {
  readonly hosts: Hosts;
  /** The configuration's folder: on this machine, paths in hooks are relative to it, as all paths are. */
  readonly directory: string;
}

/** Where the hooks of a host of the configuration run. */
export function hookGround(host: string, { hosts, directory }: GroundHow): HookGround {
  return { reach: ({ host: other = host }) => hosts.reach(other), cwd: isHere(host) ? directory : undefined };
}
