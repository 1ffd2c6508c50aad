import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryTerminal } from '../../test/fixtures/memory-terminal.ts';
import type { Clock } from '../base/clock.ts';
import type { OperationEvent } from '../operations/events.ts';
import { showProgress } from './progress.ts';

const run = { verb: 'backup', job: 'nightly', id: 'P1', startedAt: new Date(0) } as const;
const step = { source: 'media', repository: 'vault', snapshot: '' };

function clockAt(time: { ms: number }): Clock {
  return { now: () => new Date(time.ms), elapsedMs: () => time.ms, sleep: async () => {} };
}

function progress(items: number, sizeBytes: number): OperationEvent {
  const whole = { phase: 'read' as const, items, totalItems: 100, sizeBytes, totalBytes: 10_000, current: 'a\nb' };
  return { type: 'step.progress', run, step, progress: whole };
}

test('without a terminal there is a plain line every ten seconds', () => {
  const time = { ms: 0 };
  const terminal = memoryTerminal();
  const { listen } = showProgress(terminal, clockAt(time));
  listen({ type: 'step.started', run, step, at: new Date(0) });
  for (const second of [1, 5, 11, 15, 20, 22]) {
    time.ms = second * 1000;
    listen(progress(second, second * 100));
  }
  assert.deepEqual(terminal.errText.split('\n'), [
    'media → vault  read   11 %  11 / 100  1.07 KiB / 9.77 KiB  100 B/s  1m 29s left',
    'media → vault  read   22 %  22 / 100  2.15 KiB / 9.77 KiB  100 B/s  1m 18s left',
    '',
  ]);
  assert.equal(terminal.outText, '');
});

test('on a terminal one line is redrawn, fits its width, and is gone at the end', () => {
  const time = { ms: 0 };
  const terminal = memoryTerminal({ errIsTty: true, columns: 60 });
  const display = showProgress(terminal, clockAt(time));
  display.listen({ type: 'step.started', run, step, at: new Date(0) });
  for (let tick = 1; tick <= 50; tick++) {
    time.ms = tick * 20;
    display.listen(progress(tick, tick * 100));
  }
  display.line('warning: something');
  display.listen({ type: 'run.finished', run, at: new Date(0), outcome: 'ok' });
  const erase = '\r\u001b[2K';
  const drawn = terminal.errText.split(erase);
  assert.ok(drawn.length < 20, 'it is not redrawn at every event');
  assert.ok(drawn.every((text) => text.includes('\n') || text.length < 60));
  assert.match(drawn[5] ?? '', /^media → vault {2}read {2}\[#+\.+\]/);
  assert.ok(terminal.errText.includes(`${erase}warning: something\n`));
  assert.ok(terminal.errText.endsWith(erase));
});

test('on a terminal each step under way has its line, and what ended has none', () => {
  const time = { ms: 0 };
  const terminal = memoryTerminal({ errIsTty: true, columns: 60 });
  const display = showProgress(terminal, clockAt(time));
  const db = { source: 'db', repository: 'vault', snapshot: '' };
  const tell = (of: typeof step, items: number, ms: number) => {
    time.ms = ms;
    display.listen({ ...progress(items, items * 100), step: of } as OperationEvent);
  };
  display.listen({ type: 'step.started', run, step: db, at: new Date(0) });
  display.listen({ type: 'step.started', run, step, at: new Date(0) });
  tell(db, 10, 200);
  tell(step, 30, 400);
  assert.deepEqual(
    screenOf(terminal.errText).map((line) => line.replace(/ +\[.*\] +(\d+ %).*/, ' $1')),
    ['db → vault  read 10 %', 'media → vault  read 30 %'],
  );
  display.line('warning: something');
  assert.deepEqual(
    screenOf(terminal.errText).map((line) => line.slice(0, 8)),
    ['warning:', 'db → vau', 'media → '],
  );
  const end = { at: new Date(0), durationMs: 1, warnings: 0, result: undefined, error: undefined };
  display.listen({ type: 'step.finished', run, step: db, outcome: 'ok', ...end });
  assert.deepEqual(
    screenOf(terminal.errText).map((line) => line.slice(0, 8)),
    ['warning:', 'media → '],
  );
  display.listen({ type: 'run.finished', run, at: new Date(0), outcome: 'ok' });
  assert.deepEqual(screenOf(terminal.errText), ['warning: something', '']);
  display.line('the end');
  assert.deepEqual(screenOf(terminal.errText), ['warning: something', 'the end', '']);
});

test('a hook that runs has a line too', () => {
  const terminal = memoryTerminal({ errIsTty: true, columns: 60 });
  const display = showProgress(terminal, clockAt({ ms: 0 }));
  const hook = {
    job: 'nightly',
    source: 'db',
    recoveryPoint: 'P1',
    phase: 'before',
    number: 1,
    program: 'mount',
  } as const;
  display.listen({ type: 'step.started', run, step, at: new Date(0) });
  display.listen({ type: 'hook.started', run, hook });
  assert.deepEqual(screenOf(terminal.errText), ['media → vault', 'before hook 1 (mount) of source db']);
  const end = { at: new Date(0), hook: { ...hook, outcome: 'ok', durationMs: 1, error: undefined } } as const;
  display.listen({ type: 'hook.finished', run, ...end });
  assert.deepEqual(screenOf(terminal.errText), ['media → vault']);
});

test('without a terminal each step has its own plain lines', () => {
  const time = { ms: 0 };
  const terminal = memoryTerminal();
  const { listen } = showProgress(terminal, clockAt(time));
  const db = { source: 'db', repository: 'vault', snapshot: '' };
  listen({ type: 'step.started', run, step: db, at: new Date(0) });
  listen({ type: 'step.started', run, step, at: new Date(0) });
  time.ms = 11_000;
  listen(progress(1, 100));
  listen({ ...progress(2, 200), step: db } as OperationEvent);
  listen(progress(3, 300));
  assert.deepEqual(
    terminal.errText.split('\n').map((line) => line.slice(0, 24)),
    ['media → vault  read    1', 'db → vault  read    2 % ', ''],
  );
});

/** What a terminal shows after these characters: line breaks, returns, lines up and erased lines. */
function screenOf(text: string): string[] {
  const lines = [''];
  let at = 0;
  const plain = text.replaceAll('\r', '').replaceAll('\u001b[2K', '<erase>').replaceAll('\u001b[1A', '<up>');
  for (const [piece = ''] of plain.matchAll(/\n|<erase>|<up>|[^\n<]+/g)) {
    if (piece === '\n') lines[++at] ??= '';
    else if (piece === '<up>') at -= 1;
    else if (piece === '<erase>') lines[at] = '';
    else lines[at] += piece;
  }
  // Lines below the cursor are erased already.
  return lines.slice(0, at + 1);
}

test('what slows the way to a repository is said, as it is at that moment', () => {
  const time = { ms: 0 };
  const terminal = memoryTerminal();
  const limitOf = (repository: string) => (repository === 'vault' && time.ms < 15_000 ? '2 MiB/s up' : undefined);
  const { listen } = showProgress(terminal, clockAt(time), limitOf);
  listen({ type: 'step.started', run, step, at: new Date(0) });
  for (const second of [10, 20]) {
    time.ms = second * 1000;
    listen(progress(second, second * 100));
  }
  const [limited, free] = terminal.errText.split('\n');
  assert.match(limited ?? '', / {2}\(limited to 2 MiB\/s up\)/);
  assert.doesNotMatch(free ?? '', /limited/);
});
