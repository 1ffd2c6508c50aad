/** What may stand in a configuration for the parts of an {@link import('./ssh-command.ts').SshTarget}. */
import * as z from 'zod';

/** Neither an option of ssh nor anything that a shell on the way could take for more than a name. */
export const sshHost = z.string().regex(/^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/, 'must be the name or address of a host');

/** The name of an account. */
export const sshAccount = z
  .string()
  .regex(/^[^\s@:/'"`$\\;<>|&()-][^\s@:/'"`$\\;<>|&()]*$/, 'must be the name of an account');

export const sshPort = z.int().min(1).max(65535);

/** A host to go through. */
export const sshJump = z
  .string()
  .regex(
    /^([\w.][\w.-]*@)?([\w.][\w.-]*|\[[0-9A-Fa-f:.%]+\])(:\d{1,5})?$/,
    'must be user@host:port; more than one hop goes into ssh_config',
  );

/** Path of a file that `ssh` is told of. */
export const sshFile = z
  .string()
  .min(1)
  .regex(/^[^"\n\0]*$/, 'may have no quotation mark');
