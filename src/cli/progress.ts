/** Shows how far a run is: a bar that is redrawn on a terminal, a plain line now and then elsewhere. */

import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { formatElapsed } from '../base/durations.ts';
import { displayName } from '../base/names.ts';
import { shortId } from '../base/short-id.ts';
import type { Listen, OperationEvent, Step } from '../operations/events.ts';
import { hookName } from '../operations/hooks/hook-report.ts';
import { printable } from './printable.ts';
import { openRate, type Rate } from './rate.ts';
import type { Terminal } from './terminal.ts';

export interface ProgressDisplay {
  readonly listen: Listen;
  /** Prints a line without disturbing the bar. */
  line(text: string): void;
  /** Removes the bar. */
  stop(): void;
}

type StepProgress = Extract<OperationEvent, { type: 'step.progress' }>['progress'];

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 10_000;
const BAR_CELLS = 20;
const ERASE_LINE = '\r\u001b[2K';
const LINE_UP = '\u001b[1A';

/** More lines than this are not shown at once: a terminal may be small. */
const LINES_MAX = 8;

/** One step under way. */
interface Shown {
  readonly label: string;
  /** '' where there is none. */
  readonly repository: string;
  readonly rate: Rate;
  progress: StepProgress | undefined;
  /** When its plain line was last printed. */
  printedMs: number;
}

/** What slows the way to a repository just now, such as `10 MiB/s`; undefined: nothing that was asked for. */
export type LimitOf = (repository: string) => string | undefined;

/** Shows on standard error: a line for each step under way, redrawn in place on a terminal. */
export function showProgress(terminal: Terminal, clock: Clock, limitOf: LimitOf = () => undefined): ProgressDisplay {
  const steps = new Map<string, Shown>();
  const block = openBlock(terminal);
  let drawnMs = clock.elapsedMs();

  const draw = () => {
    drawnMs = clock.elapsedMs();
    const lines = [...steps.values()].map((shown) =>
      shown.progress === undefined ? shown.label : lineOf(shown, true),
    );
    block.draw(lines.slice(0, LINES_MAX));
  };
  const lineOf = ({ label, repository, progress, rate }: Shown, withBar: boolean) =>
    progress === undefined ? label : progressLine(label, progress, rate, withBar, limitOf(repository));
  const progressed = (shown: Shown, progress: StepProgress) => {
    const nowMs = clock.elapsedMs();
    shown.rate.add(progress.sizeBytes, nowMs);
    shown.progress = progress;
    if (terminal.errIsTty) {
      if (nowMs - drawnMs >= REDRAW_MS) draw();
    } else if (nowMs - shown.printedMs >= PLAIN_LINE_MS) {
      shown.printedMs = nowMs;
      terminal.err(printable(`${lineOf(shown, false)}\n`));
    }
  };

  const begin = (key: string, label: string, repository = '') => {
    steps.set(key, { label, repository, rate: openRate(), progress: undefined, printedMs: clock.elapsedMs() });
    if (terminal.errIsTty) draw();
  };
  const end = (key: string) => {
    steps.delete(key);
    if (terminal.errIsTty && steps.size > 0) draw();
  };

  return {
    listen(event) {
      if (event.type === 'step.started') {
        begin(keyOf(event.step), labelOf(event.step), event.step.repository);
      } else if (event.type === 'step.progress') {
        const shown = steps.get(keyOf(event.step));
        if (shown !== undefined) progressed(shown, event.progress);
      } else if (event.type === 'step.finished') {
        end(keyOf(event.step));
      } else if (event.type === 'hook.started') {
        begin(hookName(event.hook), hookName(event.hook));
      } else if (event.type === 'hook.finished') {
        end(hookName(event.hook));
      } else if (event.type === 'run.finished') {
        steps.clear();
        block.erase();
      }
    },
    line(text) {
      const lines = block.erase();
      terminal.err(printable(`${text}\n`));
      if (lines.length > 0) block.draw(lines);
    },
    stop: () => void block.erase(),
  };
}

function keyOf({ source, repository, snapshot }: Step): string {
  return JSON.stringify([source, repository, snapshot]);
}

/** Some lines at the bottom of a terminal. */
interface Block {
  /** Puts these lines in the place of those before. */
  draw(lines: readonly string[]): void;
  /** Removes them and returns them. */
  erase(): readonly string[];
}

function openBlock(terminal: Terminal): Block {
  let drawn: readonly string[] = [];
  const erasing = () => ERASE_LINE + `${LINE_UP}${ERASE_LINE}`.repeat(Math.max(0, drawn.length - 1));
  return {
    draw(lines) {
      const cut = lines.map((line) => printable(line).slice(0, Math.max(20, terminal.columns() - 1)));
      terminal.err(erasing() + cut.join('\n'));
      drawn = cut;
    },
    erase() {
      const lines = drawn;
      if (lines.length > 0) terminal.err(erasing());
      drawn = [];
      return lines;
    },
  };
}

function labelOf({ source, repository, snapshot }: Step): string {
  if (snapshot !== '' && source !== '') return `${repository} ${shortId(snapshot)} → ${source}`;
  return source === '' ? repository : `${source} → ${repository}`;
}

/** One line: what, how far, how fast and what slows it, how long still. */
function progressLine(
  label: string,
  progress: StepProgress,
  rate: Rate,
  withBar: boolean,
  limit?: string | undefined,
): string {
  const { items, totalItems, sizeBytes, totalBytes, phase } = progress;
  const share = shareOf(progress);
  const parts = [label, phase];
  if (share !== undefined) parts.push(withBar ? barOf(share) : '', `${String(Math.floor(share * 100)).padStart(3)} %`);
  parts.push(amount(items, totalItems, (value) => value.toLocaleString('en-US')));
  if (sizeBytes > 0 || (totalBytes ?? 0) > 0) parts.push(amount(sizeBytes, totalBytes, formatBytes));
  const speed = rate.bytesPerSecond();
  if (speed !== undefined && sizeBytes > 0) parts.push(`${formatBytes(speed)}/s`);
  if (limit !== undefined) parts.push(`(limited to ${limit})`);
  const remainingMs = rate.remainingMs(totalBytes);
  if (remainingMs !== undefined && remainingMs > 0)
    parts.push(`${formatElapsed(Math.ceil(remainingMs / 1000) * 1000)} left`);
  if (withBar && progress.current !== undefined) parts.push(displayName(progress.current));
  return parts.filter((part) => part !== '').join('  ');
}

function shareOf({ items, totalItems, sizeBytes, totalBytes }: StepProgress): number | undefined {
  if (totalBytes !== undefined && totalBytes > 0) return Math.min(1, sizeBytes / totalBytes);
  if (totalItems !== undefined && totalItems > 0) return Math.min(1, items / totalItems);
  return undefined;
}

function barOf(share: number): string {
  const filled = Math.round(share * BAR_CELLS);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`;
}

function amount(done: number, total: number | undefined, show: (value: number) => string): string {
  return total === undefined || total < done ? show(done) : `${show(done)} / ${show(total)}`;
}
