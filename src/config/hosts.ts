/** Hosts other than this machine, each defined once and named where it is needed. */
import * as z from 'zod';
import {
  type KubernetesOptions,
  kubernetesOptions,
  kubernetesSchema,
  shownKubernetes,
} from '../reach/kubernetes/options.ts';
import { type SshOptions, shownSsh, sshOptions, sshShape } from '../reach/ssh/options.ts';

/** A host; `kind` tells how it is reached. */
export type HostConfig = HostOf<'ssh', SshOptions> | HostOf<'kubernetes', KubernetesOptions>;

interface HostOf<Kind extends string, Options> {
  readonly name: string;
  readonly kind: Kind;
  readonly options: Options;
  /** For people, without secrets: `ssh://backup@main`. */
  readonly location: string;
}

const SSH_KEYS = Object.keys(sshShape);

/** What may stand below a name in `hosts`. */
export const hostSchema = z
  .strictObject({ ...sshShape, kubernetes: kubernetesSchema.describe('a container of a pod').optional() })
  .superRefine((raw, context) => {
    const given = Object.keys(raw).filter((key) => SSH_KEYS.includes(key));
    if ((raw.ssh === undefined) === (raw.kubernetes === undefined)) {
      const params = { hint: 'write { ssh: user@host } or { kubernetes: { pod, namespace, context } }' };
      context.addIssue({ code: 'custom', message: 'a host has either `ssh` or `kubernetes`', params });
    } else if (raw.kubernetes !== undefined && given[0] !== undefined) {
      const params = { hint: 'what belongs to the pod goes below `kubernetes`' };
      context.addIssue({ code: 'custom', path: [given[0]], message: 'this is for hosts over SSH', params });
    }
  })
  .describe('another host: { ssh: user@host } or { kubernetes: { pod, namespace, context } }');

/** The host of what was read. Relative paths of this machine are below `directory`. */
function hostOf(name: string, raw: z.output<typeof hostSchema>, directory: string): HostConfig {
  if (raw.kubernetes !== undefined) {
    const options = kubernetesOptions(raw.kubernetes, directory);
    return { name, kind: 'kubernetes', options, location: shownKubernetes(options) };
  }
  const options = sshOptions(raw.ssh!, raw, directory);
  return { name, kind: 'ssh', options, location: shownSsh(options) };
}

/** All hosts of a document. */
export function hostsIn(
  raw: Readonly<Record<string, z.output<typeof hostSchema>>> | undefined,
  directory: string,
): HostConfig[] {
  return Object.entries(raw ?? {}).map(([name, one]) => hostOf(name, one, directory));
}
