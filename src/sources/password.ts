import { Secret } from '../base/secret.ts';
import type { ExecHow, HostValue } from '../reach/reach.ts';

/** A password of a source: at hand here, or on its host, which it does not leave. */
export type Password = Secret | HostValue;

/** The password as a variable of client programs: so it is in no list of processes. None where there is no password. */
export function passwordVariable(name: string, password: Password | undefined): NonNullable<ExecHow['env']> {
  if (password === undefined) return {};
  return { [name]: password instanceof Secret ? password.reveal() : password };
}
