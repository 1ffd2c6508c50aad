import { countOf, type Setting, textOf } from '../settings.ts';
import type { Borgmatic } from './borgmatic.ts';

const PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const OTHERS = ['secondly', 'minutely', '13weekly', '3monthly'] as const;
/** Hours of borg's units; a month of 31 days keeps rather one too many. */
const HOURS: Readonly<Record<string, number>> = { H: 1, d: 24, w: 168, m: 31 * 24, y: 366 * 24 };

export interface Keep {
  readonly value: Readonly<Record<string, unknown>>;
  readonly from: readonly Setting[];
}

/** Which archives `prune` keeps; undefined where nothing says so. */
export function keepOf({ draft, settings }: Borgmatic): Keep | undefined {
  const value: Record<string, unknown> = {};
  const from: Setting[] = [];
  const put = (key: string, setting: Setting, said: unknown) => {
    if (said === undefined) {
      draft.omit(setting, 'it is no number, or no span of time, that borg would take', 'set `keep` of the job by hand');
      return;
    }
    value[key] = said;
    from.push(setting);
  };
  for (const period of PERIODS) {
    const setting = settings.take(`keep_${period}`);
    if (setting !== undefined) put(period, setting, textOf(setting) === '-1' ? 'all' : countOf(setting));
  }
  const within = settings.take('keep_within');
  if (within !== undefined) put('within', within, spanOf(textOf(within) ?? ''));
  for (const period of OTHERS) {
    const setting = settings.take(`keep_${period}`);
    if (setting !== undefined)
      draft.omit(
        setting,
        'there is no such period',
        'choose the next one in `keep` of the job, such as hourly or within: 1h',
      );
  }
  return from.length === 0 ? undefined : { value, from };
}

function spanOf(text: string): string | undefined {
  const [, amount = '', unit = ''] = /^(\d{1,6})([Hdwmy])$/.exec(text) ?? [];
  const hours = Number(amount) * (HOURS[unit] ?? 0);
  if (hours === 0) return undefined;
  return hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`;
}
