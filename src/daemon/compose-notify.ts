/** Tells people how runs end: listens to what operations tell, and sends what is asked for. */
import type { Clock } from '../base/clock.ts';
import { hostName, programVersion, systemTimeZone } from '../base/environment.ts';
import { messageOf, SuretyError } from '../base/errors.ts';
import { newRecoveryPointId } from '../base/ids.ts';
import type { SecretSpec } from '../base/option-values.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import type { NotificationsConfig } from '../config/notifications.ts';
import { fetchSecret } from '../config/secrets.ts';
import { type Judgement, judge } from '../notify/judge.ts';
import { runMessage, type Surroundings, testMessage } from '../notify/message.ts';
import type { Delivery, Notifier } from '../notify/notifier.ts';
import { sendPersistently } from '../notify/persistent.ts';
import type { PastRun, RunFacts } from '../notify/run-facts.ts';
import type { Listen, Run } from '../operations/events.ts';
import { collectRuns, notBegun } from './compose-notify-facts.ts';
import { pastRuns, RUNS_MAX } from './compose-notify-past.ts';

/** What was told to people in one session. */
export interface Notices {
  readonly listen: Listen;
  /** A run that something kept from beginning; `run` is told as if it had. */
  refused(run: Run, error: SuretyError, about?: string): void;
  /** Resolves when every message is sent or given up, with what went wrong. Never throws. */
  settled(): Promise<readonly SuretyError[]>;
}

/** What a platform can tell people. */
export interface Notifying {
  /** Undefined: nobody is to be told how runs end. The signal gives up what is being sent. */
  notices(signal: AbortSignal): Notices | undefined;
  /** Sends a test message once, to those of the configuration or to `to`. Throws `config.no-notifications` and the codes of the port. */
  sendTest(how: TestHow): Promise<Tested>;
}

export interface TestHow {
  readonly to: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

export type Tested = Delivery & { readonly server: string };

/** Both for one configuration. */
export function notifying(config: Config, how: NotifyHow): Notifying {
  return {
    notices: (signal) => openNotices(config, how, signal),
    sendTest: (test) => sendTest(config, how, test),
  };
}

export interface NotifyHow {
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** Undefined: nothing is known from before. */
  readonly catalog: () => Promise<Catalog | undefined>;
}

/** What a person did by hand and watched, so that nobody needs to hear of it. */
const UNTOLD: ReadonlySet<string> = new Set(['forget', 'rebuild-index']);

/** Undefined where nobody is to be told. Messages are sent while the next run goes on; the signal gives them up. */
function openNotices(config: Config, how: NotifyHow, signal: AbortSignal): Notices | undefined {
  const { notifications } = config;
  if (notifications === undefined) return undefined;
  const errors: SuretyError[] = [];
  const sending: Promise<void>[] = [];
  const tell = (facts: RunFacts) => {
    if (UNTOLD.has(facts.verb)) return;
    const on = config.jobs.find(({ name }) => name === facts.job)?.notifyOn ?? notifications.on;
    const notifier = () => openNotifier(config, notifications.email, how);
    const told = sendAbout(facts, { ...how, config, on, notifier, limitMs: notifications.email.limitMs, signal });
    sending.push(told.then((found) => void errors.push(...found)));
  };
  return {
    listen: collectRuns(tell),
    refused: (run, error, about) => tell(notBegun(run, error, about)),
    async settled() {
      await Promise.all(sending);
      return errors;
    },
  };
}

interface Telling extends NotifyHow {
  readonly config: Config;
  readonly on: NotificationsConfig['on'];
  readonly notifier: () => Promise<Notifier>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** What went wrong; a message that nobody asked for can not go wrong. */
async function sendAbout(facts: RunFacts, telling: Telling): Promise<readonly SuretyError[]> {
  try {
    const judgement = await judged(facts, telling);
    if (judgement.occasion === undefined) return [];
    const message = runMessage(facts, judgement, surroundingsOf(telling.config));
    const { refused } = await sendPersistently(await telling.notifier(), message, telling);
    return refused.map(({ error }) => notSent(facts, error));
  } catch (error) {
    return [notSent(facts, error)];
  }
}

/** What fails for longer than is looked back is looked back for further: who reads of it wants to know since when. */
async function judged(facts: RunFacts, telling: Telling): Promise<Judgement> {
  const first = judge(facts, await knownPast(facts, telling, RUNS_MAX), telling.on);
  if (![...first.streaks.values()].some(({ times }) => times > RUNS_MAX)) return first;
  return judge(facts, await knownPast(facts, telling, 100 * RUNS_MAX), telling.on);
}

/** A message without history is better than none. */
async function knownPast(facts: RunFacts, { catalog, warn }: NotifyHow, limit: number): Promise<readonly PastRun[]> {
  try {
    const known = await catalog();
    return known === undefined ? [] : await pastRuns(known, facts, limit);
  } catch (error) {
    warn(`the message about this run does not know the runs before it: ${messageOf(error)}`);
    return [];
  }
}

function notSent({ verb, job }: RunFacts, thrown: unknown): SuretyError {
  const isOurs = thrown instanceof SuretyError;
  const about = job === '' ? verb : job;
  const code = isOurs ? thrown.code : 'notify.failed';
  return new SuretyError(code, `the message about ${about} was not sent to everybody: ${messageOf(thrown)}`, {
    hint: isOurs ? thrown.hint : undefined,
    ...(isOurs ? { details: thrown.details } : {}),
  });
}

async function sendTest(config: Config, how: NotifyHow, { to, signal }: TestHow): Promise<Tested> {
  const { notifications } = config;
  if (notifications === undefined) throw nobodyToTell();
  const email = to === undefined ? notifications.email : { ...notifications.email, to: await addressesOf(to) };
  const notifier = await openNotifier(config, email, how);
  const now = how.clock.now();
  const message = testMessage(newRecoveryPointId(now), now, surroundingsOf(config));
  return { ...(await notifier.send(message, { signal })), server: notifier.traits.location };
}

async function addressesOf(texts: readonly string[]): Promise<NotificationsConfig['email']['to']> {
  const { parseAddress } = await import('../notify/email/address.ts');
  return texts.map(parseAddress);
}

async function openNotifier(config: Config, email: NotificationsConfig['email'], how: NotifyHow): Promise<Notifier> {
  const { openEmail } = await import('../notify/email/open.ts');
  const named = { name: 'password of notifications.email', directory: config.directory, warn: how.warn };
  const fetch = (password: SecretSpec, signal: AbortSignal) => fetchSecret(password, { ...named, signal });
  return openEmail(email, { fetch, host: hostName() });
}

function surroundingsOf(config: Config): Surroundings {
  return {
    host: hostName(),
    timeZone: systemTimeZone(),
    configuration: config.file,
    version: programVersion(),
  };
}

function nobodyToTell(): SuretyError {
  return new SuretyError('config.no-notifications', 'the configuration does not say who is told', {
    hint: 'write a part `notifications` into it; surety config schema and the documentation show how',
  });
}
