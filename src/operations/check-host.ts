/** Looks whether a host can be reached, who answers there, and what can be done with it. Changes nothing there. */
import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { formatElapsed } from '../base/durations.ts';
import { SuretyError } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import type { HostIdentity, Reach } from '../reach/reach.ts';
import { type Ability, abilitiesOf } from './check-host/abilities.ts';
import { changedIdentity } from './check-host/changed-identity.ts';
import type { HostToCheck } from './check-host/host-to-check.ts';
import { isNoPod } from './check-host/no-pod.ts';
import { type FoundTool, PROBE_SCRIPT, type ProbeAnswer, parseProbe } from './check-host/probe-script.ts';
import { toSuretyError } from './failure.ts';

export interface HostFinding {
  /** `reach`, `identity`, `account`, `clock`, `temporary folder`, `userland`, `tools`. */
  readonly what: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  readonly hint: string | undefined;
}

export interface HostCheckReport {
  readonly outcome: 'ok' | 'warnings' | 'failed';
  readonly host: string;
  readonly kind: string;
  readonly location: string;
  readonly sources: readonly string[];
  readonly identity: HostIdentity | undefined;
  readonly findings: readonly HostFinding[];
  readonly tools: readonly FoundTool[];
  readonly abilities: readonly Ability[];
  /** Why it can not be reached. */
  readonly error: SuretyError | undefined;
}

export interface CheckHostHow {
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Clocks that differ by more make times of files and snapshots hard to compare. */
const CLOCK_TOLERANCE_MS = 60_000;
const LOW_SPACE_BYTES = 100 * 1024 ** 2;
const ANSWER_BYTES = 1 << 18;

/** Never throws but for an abort: that it can not be reached is a finding. What was found is remembered for the next time. */
export async function checkHost(host: HostToCheck, how: CheckHostHow): Promise<HostCheckReport> {
  const { name, kind, location, sources } = host;
  const head = { host: name, kind, location, sources };
  try {
    const reach = await host.open();
    const startedMs = how.clock.elapsedMs();
    const identity = await reach.identity?.(how);
    const reachMs = how.clock.elapsedMs() - startedMs;
    const { answer, skewMs } = await probe(reach, how);
    const findings = [
      found('reach', 'ok', `${location} answers in ${Math.round(reachMs)} ms`),
      ...identityFindings(host, identity),
      ...answerFindings(answer, skewMs),
    ];
    if (identity !== undefined) host.identities.remember(name, identity, how.clock.now());
    const outcome = findings.some(({ status }) => status === 'warning') ? 'warnings' : 'ok';
    const abilities = abilitiesOf(answer, { shell: reach.shell !== undefined || kind === 'local' });
    return { ...head, outcome, identity, findings, tools: answer.tools, abilities, error: undefined };
  } catch (cause) {
    if (how.signal.aborted) throw toSuretyError(cause, `host ${name}`, how.signal);
    const error = cause instanceof SuretyError ? cause : toSuretyError(cause, `host ${name}`, how.signal);
    if (host.scaledUpFor.length > 0 && isNoPod(error)) {
      const detail = `no pod now; the backup of ${host.scaledUpFor.join(', ')} scales it up`;
      const rest = { identity: undefined, tools: [], abilities: [], error: undefined };
      return { ...head, ...rest, outcome: 'ok', findings: [found('reach', 'ok', detail)] };
    }
    const findings = [found('reach', 'failed', error.message, error.hint)];
    return { ...head, outcome: 'failed', identity: undefined, findings, tools: [], abilities: [], error };
  }
}

/** The answer, and how far the clock there is ahead; undefined where it does not say. */
async function probe(reach: Reach, { signal, clock }: CheckHostHow) {
  const process = reach.exec(['sh', '-c', PROBE_SCRIPT], { signal });
  const beforeMs = clock.now().getTime();
  let firstMs: number | undefined;
  const timed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of process.stdout) {
      firstMs ??= clock.now().getTime();
      yield chunk;
    }
  };
  const text = Buffer.from(await collectBytes(timed(), ANSWER_BYTES)).toString();
  const { code, error } = await process.exit;
  if (error !== undefined) throw error;
  if (code !== 0) throw new SuretyError('reach.failed', `the host does not answer questions: ${process.stderr()}`);
  const answer = parseProbe(text);
  return { answer, skewMs: answer.clock && skewOf(answer.clock.getTime(), beforeMs, firstMs ?? beforeMs) };
}

/** The clock there was read at some time between the two, and tells whole seconds: 0 where that explains the difference. */
function skewOf(thereMs: number, beforeMs: number, afterMs: number): number {
  if (thereMs + 1000 < beforeMs) return thereMs + 1000 - beforeMs;
  return Math.max(0, thereMs - afterMs);
}

function identityFindings(host: HostToCheck, identity: HostIdentity | undefined): HostFinding[] {
  if (identity === undefined) return [];
  const { address, key } = identity;
  const detail = [address ?? 'address unknown', ...(key === undefined ? [] : [key])].join(', ');
  const changed = changedIdentity(host.kind, identity, host.identities.last(host.name));
  if (changed !== undefined) return [found('identity', 'warning', `${changed.message}`, changed.hint)];
  return [found('identity', 'ok', detail)];
}

function answerFindings(answer: ProbeAnswer, skewMs: number | undefined): HostFinding[] {
  const { user, system, userland, temporaryFolder, freeBytes } = answer;
  const { find, tar, stat } = userland;
  return [
    found('account', 'ok', [user, system].filter((part) => part !== '').join(' on ')),
    clockFinding(skewMs),
    spaceFinding(temporaryFolder, freeBytes),
    found('userland', 'ok', `find: ${find}, tar: ${tar}, stat: ${stat}`),
  ];
}

function clockFinding(skewMs: number | undefined): HostFinding {
  if (skewMs === undefined)
    return found('clock', 'warning', 'it does not say what time it is', 'date is missing there');
  if (Math.abs(skewMs) <= CLOCK_TOLERANCE_MS) return found('clock', 'ok', 'the same time as here');
  const way = skewMs > 0 ? 'ahead of' : 'behind';
  const detail = `${formatElapsed(Math.abs(skewMs))} ${way} this machine`;
  return found('clock', 'warning', detail, 'set the clock there, by NTP for instance');
}

function spaceFinding(folder: string, freeBytes: number | undefined): HostFinding {
  if (freeBytes === undefined) return found('temporary folder', 'ok', `${folder}, free space unknown`);
  const detail = `${folder}, ${formatBytes(freeBytes)} free`;
  if (freeBytes >= LOW_SPACE_BYTES) return found('temporary folder', 'ok', detail);
  return found(
    'temporary folder',
    'warning',
    detail,
    'make room there; databases are copied there before they are read',
  );
}

function found(what: string, status: HostFinding['status'], detail: string, hint?: string): HostFinding {
  return { what, status, detail, hint };
}
