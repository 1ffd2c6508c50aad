/** What a person reads of `surety check`. */
import type { CheckReport } from '../../operations/check.ts';
import { count, state, table } from '../render.ts';

export interface CheckTextHow {
  /** The file of the configuration. */
  readonly file: string;
  /** The configuration itself has warnings. */
  readonly doubts: boolean;
  readonly colors: boolean;
}

/** A line for each thing that was looked at, what to do about it below, and whether the next backup can work. */
export function checkText({ checks, outcome }: CheckReport, { file, doubts, colors }: CheckTextHow): string {
  const rows = checks.map(({ status, subject, what, detail }) => [state(status, colors), subject, what, detail]);
  const lines = table([{ title: '' }, { title: '' }, { title: '' }, { title: '' }], rows).split('\n');
  const told = checks.map(({ hint }, at) => `${lines[at]}\n${hint === undefined ? '' : `    hint: ${hint}\n`}`);
  const failed = checks.filter(({ status }) => status === 'failed').length;
  if (failed > 0) return `configuration ${file}\n${told.join('')}${count(failed, 'check')} failed.\n`;
  const notes = checks.some(({ status }) => status === 'note');
  const wellness = doubts ? 'All is well but for the warnings.' : `All is well${notes ? ' for the next backup' : ''}.`;
  return `configuration ${file}\n${told.join('')}${outcome === 'ok' ? `${wellness}\n` : ''}`;
}
