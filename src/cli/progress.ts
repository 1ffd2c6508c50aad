/** Shows how far a run is: a bar that is redrawn on a terminal, a plain line now and then elsewhere. */

import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { formatElapsed } from '../base/durations.ts';
import { displayName } from '../base/names.ts';
import { shortId } from '../base/short-id.ts';
import type { Listen, OperationEvent, Step } from '../operations/events.ts';
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

/** Shows on standard error. */
export function showProgress(terminal: Terminal, clock: Clock): ProgressDisplay {
  const intervalMs = terminal.errIsTty ? REDRAW_MS : PLAIN_LINE_MS;
  let shownAtMs = clock.elapsedMs();
  let rate = openRate();
  let label = '';
  let bar = '';

  const erase = () => {
    if (bar !== '') terminal.err(ERASE_LINE);
    bar = '';
  };
  const draw = (text: string) => {
    if (!terminal.errIsTty) return terminal.err(`${text}\n`);
    bar = text.slice(0, Math.max(20, terminal.columns() - 1));
    terminal.err(ERASE_LINE + bar);
  };

  return {
    listen(event) {
      if (event.type === 'step.started') {
        label = labelOf(event.step);
        rate = openRate();
        if (terminal.errIsTty) draw(label);
      } else if (event.type === 'step.progress') {
        const nowMs = clock.elapsedMs();
        rate.add(event.progress.sizeBytes, nowMs);
        if (nowMs - shownAtMs < intervalMs) return;
        shownAtMs = nowMs;
        draw(progressLine(label, event.progress, rate, terminal.errIsTty));
      } else if (event.type === 'run.finished') {
        erase();
      }
    },
    line(text) {
      const redraw = bar;
      erase();
      terminal.err(`${text}\n`);
      if (redraw !== '') draw(redraw);
    },
    stop: erase,
  };
}

function labelOf({ source, repository, snapshot }: Step): string {
  if (snapshot !== '' && source !== '') return `${repository} ${shortId(snapshot)} → ${source}`;
  return source === '' ? repository : `${source} → ${repository}`;
}

/** One line: what, how far, how fast, how long still. */
export function progressLine(label: string, progress: StepProgress, rate: Rate, withBar: boolean): string {
  const { items, totalItems, sizeBytes, totalBytes, phase } = progress;
  const share = shareOf(progress);
  const parts = [label, phase];
  if (share !== undefined) parts.push(withBar ? barOf(share) : '', `${String(Math.floor(share * 100)).padStart(3)} %`);
  parts.push(amount(items, totalItems, (value) => value.toLocaleString('en-US')));
  if (sizeBytes > 0 || (totalBytes ?? 0) > 0) parts.push(amount(sizeBytes, totalBytes, formatBytes));
  const speed = rate.bytesPerSecond();
  if (speed !== undefined && sizeBytes > 0) parts.push(`${formatBytes(speed)}/s`);
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
