import type { Taken } from '../reader.ts';
import type { Setting } from '../settings.ts';
import { type Avalanche, CLOUD, DATABASE, FILES, LOCAL } from './avalanche.ts';
import type { CronCommands } from './crontab.ts';

/** When the scripts run, where neither `schedule` nor a crontab says otherwise. */
const SCHEDULES = {
  ...{ database: '0 2 * * *', files: '0 3 * * 0', full: '0 4 1 * *' },
  ...{ cleanup: '0 5 * * 0', verify: '0 6 * * *' },
} as const;
const JOBS = ['database', 'files', 'full'] as const;
/** The script verified the backups of the last week. */
const VERIFY_DAYS = 7;
const PERIODS = { daily: 7, weekly: 4, monthly: 12 } as const;

type JobName = (typeof JOBS)[number];

/** The database every day, the files every week, both on the first of the month; cleaned up by the same rules. */
export function backupJobs(avalanche: Avalanche, crontab: CronCommands): void {
  const { draft, yaml, env } = avalanche;
  const keep: Record<string, number> = {};
  const kept: (Setting | undefined)[] = [];
  for (const [period, usual] of Object.entries(PERIODS)) {
    const taken = yaml.count(`backup.retention.${period}`) ?? env.count(`BACKUP_RETENTION_${period.toUpperCase()}`);
    keep[period] = taken?.value ?? usual;
    kept.push(taken?.from);
  }
  const sources = [DATABASE, FILES].filter((name) => draft.has('sources', name));
  for (const name of JOBS) {
    const members = name === 'full' ? sources : sources.filter((one) => one === name);
    const schedule = scheduleOf(avalanche, crontab, name);
    if (members.length === 0 || (name === 'full' && members.length < 2)) continue;
    draft.put('jobs', name, 'sources', members);
    draft.put('jobs', name, 'to', destinations(avalanche, name));
    draft.put('jobs', name, 'schedule', schedule?.value ?? SCHEDULES[name], schedule?.from);
    draft.put('jobs', name, 'keep', keep, ...(name === 'database' || members.length === sources.length ? kept : []));
  }
  housekeeping(avalanche, crontab);
}

/** The monthly backup of everything goes only to the cloud, where there is one. */
function destinations({ draft }: Avalanche, name: JobName): string[] {
  if (!draft.has('repositories', CLOUD)) return [LOCAL];
  return name === 'full' ? [CLOUD] : [LOCAL, CLOUD];
}

function scheduleOf({ yaml }: Avalanche, crontab: CronCommands, name: string): Taken<string> | undefined {
  const inFile = yaml.text(`backup.schedule.${name}`);
  // cron is what really started the scripts.
  return crontab.get(name) ?? inFile;
}

/** Clean-up and verification; checksums were compared, so every byte is read. */
function housekeeping(avalanche: Avalanche, crontab: CronCommands): void {
  const { draft } = avalanche;
  const cleanup = scheduleOf(avalanche, crontab, 'cleanup');
  const verify = scheduleOf(avalanche, crontab, 'verify');
  draft.put('maintenance', 'cleanup', 'schedule', cleanup?.value ?? SCHEDULES.cleanup, cleanup?.from);
  draft.put('maintenance', 'verify', 'schedule', verify?.value ?? SCHEDULES.verify, verify?.from);
  draft.put('maintenance', 'verify', 'days', VERIFY_DAYS);
  draft.put('maintenance', 'verify', 'read_data', true);
}
