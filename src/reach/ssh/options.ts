import { resolve } from 'node:path';
import * as z from 'zod';
import { homeFolder } from '../../base/environment.ts';
import { waitValue } from '../../base/option-values.ts';
import type { SshTarget } from '../../base/ssh-command.ts';
import { sshAccount, sshFile, sshHost, sshJump, sshPort } from '../../base/ssh-values.ts';

/** A host that is reached by the system's `ssh`. What is not said here comes from the configuration of ssh. */
export interface SshOptions extends SshTarget {
  readonly connectTimeoutMs: number;
  /** A connection on which nothing is answered for so long is given up. */
  readonly idleTimeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;

/** What may stand below a name in `hosts` for a host over SSH. */
export const sshShape = {
  ssh: z
    .string()
    .transform((text, context) => parsedTarget(text, context))
    .describe('user@host:port; only the host is needed, the rest comes from the configuration of ssh')
    .optional(),
  identity_file: sshFile.describe('a private key; default: those of ssh and its agent').optional(),
  known_hosts: sshFile.describe("a file with the host's key; default: those of ssh").optional(),
  ssh_config: sshFile.describe('a configuration of ssh instead of ~/.ssh/config').optional(),
  jump: sshJump.describe('a host to go through: user@host:port').optional(),
  connect_timeout: waitValue.describe('default 15s').optional(),
  idle_timeout: waitValue.describe('a connection on which nothing is answered is given up; default 1m').optional(),
};

type RawSsh = { readonly [Key in keyof typeof sshShape]?: z.output<(typeof sshShape)[Key]> | undefined };

/** What was read by {@link sshShape}, with defaults filled in. Relative paths of this machine are below `directory`; `~` is the home folder. */
export function sshOptions(ssh: NonNullable<RawSsh['ssh']>, raw: RawSsh, directory: string): SshOptions {
  const file = (path: string | undefined): string | undefined =>
    path && resolve(directory, path.replace(/^~(?=\/)/, homeFolder()));
  return {
    ...ssh,
    identityFile: file(raw.identity_file),
    knownHosts: file(raw.known_hosts),
    configFile: file(raw.ssh_config),
    jump: raw.jump,
    connectTimeoutMs: raw.connect_timeout ?? CONNECT_TIMEOUT_MS,
    idleTimeoutMs: raw.idle_timeout ?? IDLE_TIMEOUT_MS,
  };
}

/** For people: `ssh://user@host:port`. */
export function shownSsh({ host, user, port }: SshTarget): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `ssh://${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`;
}

function parsedTarget(text: string, context: z.RefinementCtx): Pick<SshTarget, 'host' | 'user' | 'port'> {
  const match = /^(?:([^@]+)@)?(\[[^\]]+\]|[^:@]+)(?::(\d+))?$/.exec(text);
  const parsed = z.object({ host: sshHost, user: sshAccount.optional(), port: sshPort.optional() }).safeParse({
    host: match?.[2]?.replace(/^\[|\]$/g, ''),
    user: match?.[1],
    port: match?.[3] === undefined ? undefined : Number(match[3]),
  });
  if (parsed.success) return parsed.data;
  context.addIssue({ code: 'custom', message: 'must be user@host:port, or only the host' });
  return z.NEVER;
}
