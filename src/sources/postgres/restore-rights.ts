import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { identifier } from './quote.ts';
import type { Server } from './server.ts';

/** The role may not create the database that a restore begins with. `beside`: there is no way around that, as there is with --in-place. */
export function mayNotCreate(
  { source }: Server,
  { role, database, beside }: { readonly role: string; readonly database: string; readonly beside: boolean },
): SuretyError {
  const grant = `an administrator of the server allows it: ALTER ROLE ${identifier(role)} CREATEDB`;
  return new SuretyError(
    'target.denied',
    `${source}: the role ${role} may not create databases, which a restore of ${displayName(database)} begins with`,
    {
      hint: beside ? grant : `${grant}; or restore into the database that is there with --in-place`,
      details: { source, role, database },
    },
  );
}

/** The role is none of those that the database belongs to: it can neither make one for its owner nor rename the one that is there. */
export function mayNotOwn(
  { source }: Server,
  { role, database, owner }: { readonly role: string; readonly database: string; readonly owner: string },
): SuretyError {
  return new SuretyError(
    'target.denied',
    `${source}: database ${displayName(database)} belongs to ${owner}, and the role ${role} is no member of it, so it can not replace that database`,
    {
      hint: `GRANT ${identifier(owner)} TO ${identifier(role)}; or restore as another user`,
      details: { source, role, database },
    },
  );
}
