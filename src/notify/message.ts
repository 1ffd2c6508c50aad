/** What a message says about a run: plain text, the worst first, with what to do. Pure; what it is given has no secrets. */
import { displayName } from '../base/names.ts';
import type { Judgement, Streak } from './judge.ts';
import type { Message } from './notifier.ts';
import type { ErrorFacts, PartFacts, RunFacts } from './run-facts.ts';

export interface Surroundings {
  readonly host: string;
  /** `Europe/London`: times are shown in it. */
  readonly timeZone: string;
  /** Path of the configuration. */
  readonly configuration: string;
  /** Of Surety. */
  readonly version: string;
}

const PARTS_MAX = 100;
const WARNINGS_MAX = 10;
const SUBJECT_MAX = 180;
/** Characters of one error. */
const TEXT_MAX = 2000;

/** The message about a run that is an occasion to write one. */
export function runMessage(run: RunFacts, judgement: Judgement, surroundings: Surroundings): Message {
  const time = (at: Date) => localTime(at, surroundings.timeZone);
  const failed = run.parts.filter(({ outcome }) => outcome === 'failed');
  const warned = run.parts.filter(({ outcome, warningCount }) => outcome !== 'failed' && warningCount > 0);
  const good = run.parts.filter((part) => part.outcome !== 'failed' && part.result !== '');
  const stopped = run.parts.filter(({ outcome }) => outcome === 'interrupted');
  const sections = [
    [`${sentenceOf(run, judgement)} on ${displayName(surroundings.host)}, ${time(run.endedAt)}.`],
    section('Failed', failed, (part) => failedLines(part, judgement.streaks.get(part.key), time)),
    section(
      'Works again',
      run.parts.filter(({ key }) => judgement.recovered.has(key)),
      labelLine,
    ),
    section('Warnings', warned, warnedLines),
    section('Not done', stopped, labelLine),
    section('Done', good, ({ label, result }) => [`  ${shown(label)}: ${shown(result)}`]),
    judgement.killed === undefined ? [] : [killedSentence(judgement.killed.startedAt, time)],
    footer(run, surroundings, time),
  ];
  const text = sections.filter((lines) => lines.length > 0).map((lines) => `${lines.join('\n')}\n`);
  return { subject: subjectOf(run, judgement), text: text.join('\n'), id: `${run.id}.${run.verb}` };
}

/** `[surety] nightly failed: sessions (postgres.connection-refused)`. */
export function subjectOf(run: RunFacts, judgement: Judgement): string {
  const about = judgement.occasion === 'recovery' ? '' : subjectParts(run);
  const line = shown(`[surety] ${sentenceOf(run, judgement)}${about === '' ? '' : `: ${about}`}`).replaceAll('\n', ' ');
  return line.length > SUBJECT_MAX ? `${line.slice(0, SUBJECT_MAX)}…` : line;
}

function subjectParts({ parts, outcome }: RunFacts): string {
  const bad = parts.filter((part) => (outcome === 'failed' ? part.outcome === 'failed' : part.warningCount > 0));
  const [first] = bad;
  if (first === undefined) return '';
  const code = first.error?.code ?? first.warnings[0]?.code;
  const names = new Set(bad.map(({ name }) => name));
  const more = names.size > 1 ? ` and ${names.size - 1} more` : '';
  return `${first.name}${code === undefined ? '' : ` (${code})`}${more}`;
}

/** `nightly failed`. */
function sentenceOf(run: RunFacts, { occasion, recovered }: Judgement): string {
  const what = run.job === '' ? run.verb : run.verb === 'backup' ? run.job : `${run.verb} of ${run.job}`;
  if (!run.begun) return `${what} did not begin`;
  if (occasion === 'failure') return `${what} failed`;
  if (occasion === 'recovery')
    return recovered.size > 0 ? `${what} works again` : `${what} went well after it was killed`;
  return occasion === 'warning' ? `${what} finished with warnings` : `${what} went well`;
}

function section(title: string, parts: readonly PartFacts[], lines: (part: PartFacts) => readonly string[]): string[] {
  if (parts.length === 0) return [];
  const left = parts.length - PARTS_MAX;
  const more = left > 0 ? [`  and ${left} more`] : [];
  return [`${title}:`, ...parts.slice(0, PARTS_MAX).flatMap(lines), ...more];
}

function labelLine({ label }: PartFacts): string[] {
  return [`  ${shown(label)}`];
}

function failedLines({ label, error }: PartFacts, streak: Streak | undefined, time: (at: Date) => string): string[] {
  const again =
    streak === undefined || streak.times < 2
      ? []
      : [`    For the ${ordinal(streak.times)} time since ${time(streak.since)}.`];
  return [`  ${shown(label)}${error === undefined ? '' : ` (${error.code})`}`, ...errorLines(error), ...again];
}

function errorLines(error: ErrorFacts | undefined): string[] {
  if (error === undefined) return [];
  const hint = error.hint === undefined ? [] : [`    What to do: ${indented(error.hint)}`];
  return [`    ${indented(error.message)}`, ...hint];
}

function warnedLines({ label, warnings, warningCount }: PartFacts): string[] {
  const listed = warnings.slice(0, WARNINGS_MAX);
  const left = warningCount - listed.length;
  const lines = listed.map(({ code, message }) => `    ${indented(message)} (${code})`);
  return [`  ${shown(label)}`, ...lines, ...(left > 0 ? [`    and ${left} more`] : [])];
}

function killedSentence(startedAt: Date, time: (at: Date) => string): string {
  return `The run before this one, begun ${time(startedAt)}, was killed: it ended without a word.`;
}

function footer(run: RunFacts, { configuration, version }: Surroundings, time: (at: Date) => string): string[] {
  const seconds = Math.max(0, Math.round((run.endedAt.getTime() - run.startedAt.getTime()) / 1000));
  const ran = run.begun ? [`Run ${run.id}, begun ${time(run.startedAt)}, took ${seconds} s.`] : [];
  return ['-- ', ...ran, `Configuration ${displayName(configuration)}, Surety ${version}.`];
}

/** The message that only shows that messages arrive. */
export function testMessage(id: string, at: Date, surroundings: Surroundings): Message {
  const { host, timeZone, configuration, version } = surroundings;
  const lines = [
    `This is a test: messages of Surety on ${displayName(host)} arrive here (${localTime(at, timeZone)}).`,
    '',
    '-- ',
    `Configuration ${displayName(configuration)}, Surety ${version}.`,
  ];
  return { subject: `[surety] test from ${displayName(host)}`, text: `${lines.join('\n')}\n`, id: `${id}.test` };
}

/** `2026-11-21 03:07 (Europe/London)`. */
function localTime(at: Date, timeZone: string): string {
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at);
  return `${local} (${timeZone})`;
}

function ordinal(count: number): string {
  const tens = count % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${ending}`;
}

function shown(text: string): string {
  return text.split('\n').map(displayName).join('\n');
}

/** Further lines stand below the first. */
function indented(text: string): string {
  const short = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text.trimEnd();
  return shown(short).replaceAll('\n', '\n    ');
}
