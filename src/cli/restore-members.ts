/** Finds the snapshots that a person means, and brings them into the order in which they go back. */
import { systemTimeZone } from '../base/environment.ts';
import { hasCode, SuretyError } from '../base/errors.ts';
import { listed } from '../base/nearest.ts';
import { shortId } from '../base/short-id.ts';
import { CLOCK_TOLERANCE_MS } from '../operations/check.ts';
import { knownDamage } from '../operations/known-damage.ts';
import { type Located, locate, toWanted } from '../operations/locate.ts';
import { provenSnapshots } from '../operations/proven.ts';
import { type Chosen, chooseMembers, type Restorable, restoreOrder } from '../operations/restore/restore-order.ts';
import { parseMoment } from '../rules/moment.ts';
import type { Call } from './call.ts';
import type { RestoreOptions } from './restore-options.ts';
import type { Session } from './session.ts';

export type Member = Located['members'][number] &
  Restorable & {
    /** The kind that the source recorded; undefined when Surety did not write it, or when that is damaged. */
    readonly recorded: string | undefined;
  };

/** In the order they are restored. */
export async function findMembers(
  call: Call,
  id: string,
  options: RestoreOptions,
  session: Session,
): Promise<Member[]> {
  const { platform } = session;
  const sources = options.source ?? [];
  const at = options.at === undefined ? undefined : momentOf(options.at, call);
  if (at !== undefined && id !== 'latest') {
    throw new SuretyError('usage.at-without-latest', '--at chooses a snapshot by time, and the id has chosen one', {
      hint: 'write surety restore latest --at …',
    });
  }
  const catalog = await platform.catalog();
  const proven = options.proven === true ? await provenSnapshots(catalog) : undefined;
  const repositories = platform.repositories(options.repository);
  const isDamaged = await knownDamage(
    catalog,
    repositories.map(({ name }) => name),
  );
  const source = sources.length === 1 ? sources[0] : undefined;
  const found = await locate(
    toWanted(id, { source, host: options.host, here: platform.ownHosts, at, proven, isDamaged }),
    repositories,
    call,
  );
  for (const line of found.unread) session.warn(`not looked at: ${line}`);
  for (const line of found.notes) session.warn(line);
  if (sources.length === 0 && options.as === undefined) warnElsewhere(found, session);
  const odd = found.snapshots.find(({ time }) => time.getTime() > call.clock.now().getTime() + CLOCK_TOLERANCE_MS);
  if (id === 'latest' && odd !== undefined) session.warn(datedAhead(odd));
  return await chosenOf(found, id, options, call, session);
}

/** Jobs that run at times of their own make recovery points of their own. */
function warnElsewhere({ point, elsewhere }: Located, { platform, warn }: Session): void {
  const others = elsewhere.filter((source) => platform.sourceNames.includes(source));
  if (point === undefined || others.length === 0) return;
  const named = others.map((source) => `--source ${source}`).join(', then ');
  const missing = `${listed(others, 'and')} ${others.length === 1 ? 'is' : 'are'} not in it`;
  warn(`${point.id} is the newest recovery point, ${missing}: surety restore latest ${named}`);
}

async function chosenOf(
  found: Located,
  id: string,
  options: RestoreOptions,
  call: Call,
  session: Session,
): Promise<Member[]> {
  const ordered = await orderedMembers(found, options, call, session);
  const names = options.source ?? ordered.map(({ name }) => name);
  const chosen = chooseMembers(ordered, names, options.outOfOrder === true);
  const missing = names.find((name) => !ordered.some((member) => member.name === name));
  if (missing !== undefined) throw otherSource(id, missing, ordered);
  const leavesRest = options.target === undefined && options.as === undefined && options.path === undefined;
  if (leavesRest) await warnLeftOut(found, ordered, chosen, call, session);
  return [...chosen.members];
}

async function orderedMembers(
  found: Located,
  options: RestoreOptions,
  call: Call,
  { platform }: Session,
): Promise<Member[]> {
  const roles = new Map(platform.sources().map(({ name, role }) => [name, role]));
  const named: Member[] = [];
  for (const member of found.members) {
    const name = member.snapshot.source;
    const recorded = await kindOf(member, options, call);
    named.push({ ...member, name, kind: recorded ?? 'files', recorded, role: roles.get(name) });
  }
  return restoreOrder(named);
}

/** Somebody who asks for one snapshot may not know what else is of the same recovery point. */
async function warnLeftOut(
  found: Located,
  ordered: readonly Member[],
  chosen: Chosen<Member>,
  call: Call,
  session: Session,
): Promise<void> {
  let { leftOut } = chosen;
  const [first] = ordered;
  if (found.point === undefined && first !== undefined && first.snapshot.recoveryPoint !== '') {
    const point = await locate({ id: first.snapshot.recoveryPoint }, session.platform.repositories(), call);
    const whole = await orderedMembers(point, { target: '' }, call, session);
    const names = chosen.members.map(({ name }) => name);
    leftOut = chooseMembers(whole, names, true).leftOut;
  }
  if (leftOut.length === 0) return;
  const names = chosen.members.map(({ name }) => name).join(', ');
  const stay = leftOut.length === 1 ? 'stays as it is' : 'stay as they are';
  const stays = `${listed(leftOut, 'and')} of the same recovery point, which ${names} may rely on, ${stay} now`;
  session.warn(`${stays}; restore the whole point for a state that fits together`);
}

/** Where what was recorded about the source is damaged, its content can still be restored to another place, as files. */
async function kindOf(
  { engine, repository, snapshot, copies }: Located['members'][number],
  { target }: Pick<RestoreOptions, 'target'>,
  call: Call,
): Promise<string | undefined> {
  let first: unknown;
  for (const stored of [{ engine, repository, snapshot }, ...copies]) {
    try {
      return (await stored.engine.facts(stored.snapshot, call))?.kind;
    } catch (error) {
      if (!hasCode(error, 'repository.damaged', 'tree.damaged', 'store.not-found')) throw error;
      first ??= error;
    }
  }
  if (target === undefined) throw first;
  return undefined;
}

/** One that was taken while a clock was wrong stays the latest, whatever is backed up after it. */
function datedAhead({ id, time }: Located['snapshots'][number]): string {
  const dated = `the latest, ${shortId(id)}, is dated ${time.toISOString()}, in the future`;
  return `${dated}: a clock was wrong, and newer ones may be before it (see surety list; --at now leaves it out)`;
}

function momentOf(text: string, call: Call): Date {
  return parseMoment(text, { now: call.clock.now(), timeZone: systemTimeZone() });
}

function otherSource(id: string, source: string, members: readonly Member[]): SuretyError {
  return new SuretyError('usage.other-source', `${id} is not of source ${source}`, {
    hint: `it is of ${members.map(({ name }) => name).join(', ')}`,
  });
}
