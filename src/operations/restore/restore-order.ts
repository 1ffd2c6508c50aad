/** The order in which the members of a recovery point go back: what others rely on comes first. */
import { SuretyError } from '../../base/errors.ts';
import { listed } from '../../base/nearest.ts';
import { type Ordered, roleOf, TIERS } from '../backup/order.ts';

export type Restorable = Pick<Ordered, 'name' | 'kind' | 'role'>;

function tierOf(member: Restorable): number {
  return TIERS.indexOf(roleOf(member));
}

/** As they were taken, which is by the roles they had then. Where one has a role now, by the roles there are. */
export function restoreOrder<Member extends Restorable>(taken: readonly Member[]): Member[] {
  if (taken.every(({ role }) => role === undefined)) return [...taken];
  return taken.toSorted((left, right) => tierOf(left) - tierOf(right));
}

export interface Chosen<Member> {
  readonly members: readonly Member[];
  /** Names of members that go before one that was chosen, and were not chosen. */
  readonly leftOut: readonly string[];
}

/**
 * Those with the given names, in the right order. Throws `usage.restore-order` where the names were given in another one; with
 * `asGiven` they are restored so.
 */
export function chooseMembers<Member extends Restorable>(
  ordered: readonly Member[],
  names: readonly string[],
  asGiven: boolean,
): Chosen<Member> {
  const wanted = [...new Set(names)];
  const given = wanted.flatMap((name) => ordered.filter((member) => member.name === name));
  const members = ordered.filter(({ name }) => wanted.includes(name));
  if (!asGiven) expectOrder(given, members);
  const last = Math.max(-1, ...members.map(tierOf));
  const leftOut = ordered.filter((member) => !members.includes(member) && tierOf(member) < last);
  return { members: asGiven ? given : members, leftOut: leftOut.map(({ name }) => name) };
}

/** What is in the same tier may go in any order. */
function expectOrder(given: readonly Restorable[], right: readonly Restorable[]): void {
  const wrong = given.find((member, at) => given.slice(at + 1).some((later) => tierOf(later) < tierOf(member)));
  if (wrong === undefined) return;
  const names = right.map(({ name }) => name);
  throw new SuretyError('usage.restore-order', `${wrong.name} goes back after what it relies on`, {
    hint: `the order is ${listed(names, 'and')}; --out-of-order restores in the order given`,
  });
}
