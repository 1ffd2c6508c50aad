/** Who is told of what: the part `notifications`, and what a job says of it. */
import * as z from 'zod';
import { emailOptions, emailSchema } from '../notify/email/options.ts';
import { OCCASIONS, type Occasion } from '../rules/occasion.ts';
import { resolvePath } from './paths.ts';
import { resolveSecretPath } from './secrets.ts';

const DEFAULT_ON: readonly Occasion[] = ['failure', 'warning', 'recovery'];

export interface NotificationsConfig {
  readonly email: ReturnType<typeof emailOptions>;
  readonly on: readonly Occasion[];
}

/** `[failure, warning]`; an empty list: of nothing. */
export const occasionsSchema = z.array(z.enum(OCCASIONS));

export const notificationsSchema = z.strictObject({
  email: emailSchema.describe('messages by e-mail'),
  on: occasionsSchema.describe('which endings are told; default failure, warning and recovery').optional(),
});

/** Paths become absolute. */
export function notificationsOf(
  raw: z.output<typeof notificationsSchema> | undefined,
  directory: string,
): NotificationsConfig | undefined {
  if (raw === undefined) return undefined;
  const email = emailOptions(raw.email);
  const { login, caFile } = email;
  return {
    email: {
      ...email,
      login: login === undefined ? undefined : { ...login, password: resolveSecretPath(login.password, directory) },
      caFile: caFile === undefined ? undefined : resolvePath(directory, caFile),
    },
    on: raw.on ?? DEFAULT_ON,
  };
}
