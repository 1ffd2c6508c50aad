/**
 * A service for Docker Compose that does nothing but run what is scheduled: an image with Surety and the client programs, and busybox's
 * `crond` in it. The configuration's folder and what it names are mounted where they are, so that paths, and with them the snapshots, stay the same.
 */
import { stringify } from 'yaml';
import { hasSameTimes } from '../../rules/same-times.ts';
import { isEitherDay, type ScheduleField, scheduleFields } from '../../rules/schedule-fields.ts';
import type { Scheduled } from '../../rules/scheduled.ts';
import { jobCommand } from './crontab.ts';
import { type Exported, type ExportRequest, expectOneLine, headOf, inexpressible, variablesOf } from './exported.ts';

/** A path of this machine that runs need. */
export interface Place {
  readonly path: string;
  readonly writable: boolean;
}

export interface ComposeHow {
  /** The checkout or package that the image is built of. */
  readonly root: string;
  readonly image: string;
  /** Networks that are there already, on which the servers are. */
  readonly networks: readonly string[];
  readonly places: readonly Place[];
  /** Shown in snapshots; that of this machine, so that they go on the series that there are. */
  readonly hostname: string;
  /** Names of database sources that say their server is on this very machine. */
  readonly localServers: readonly string[];
}

/** Where Surety is in the image. */
const HOME = '/opt/surety';
/** Of busybox. */
const CRONTABS = '/etc/crontabs';
const STATE = '/var/lib/surety';

/** Throws `schedule.inexpressible` or `schedule.path`. */
export function composeServiceOf(request: ExportRequest, how: ComposeHow): Exported {
  const { scheduled, installation, envFile, log, name } = request;
  expectOneLine([installation.configFile, envFile, log, ...how.places.map(({ path }) => path)]);
  const timeZone = zoneOf(request);
  const inside: ExportRequest = {
    ...request,
    // Compose itself sets the variables.
    ...{ envFile: undefined, timeZone, log: log ?? '/proc/1/fd/1' },
    installation: { ...installation, surety: `${HOME}/bin/surety` },
  };
  const lines = scheduled.map((one) => lineOf(one, inside));
  const config = `${name}-crontab`;
  const state = `${name}-state`;
  const { networks } = how;
  const document = {
    services: {
      'backup-scheduler': {
        container_name: `${name.replaceAll('-', '_')}_backup_scheduler`,
        image: how.image,
        build: { context: how.root, dockerfile_inline: DOCKERFILE },
        hostname: how.hostname,
        init: true,
        restart: 'unless-stopped',
        command: ['crond', '-f', '-l', '8', '-c', CRONTABS],
        environment: { TZ: timeZone },
        ...(envFile === undefined ? {} : { env_file: [envFile] }),
        configs: [{ source: config, target: `${CRONTABS}/root`, mode: 0o600 }],
        volumes: [...mounts(request, how), { type: 'volume', source: state, target: STATE }],
        ...(networks.length === 0 ? {} : { networks: [...networks] }),
      },
    },
    configs: { [config]: { content: lines.join('') } },
    volumes: { [state]: {} },
    ...(networks.length === 0
      ? {}
      : { networks: Object.fromEntries(networks.map((one) => [one, { external: true }])) }),
  };
  // Compose fills in what follows a dollar sign.
  const text = `# ${headOf('compose', request)}\n${stringify(document, { lineWidth: 0 })}`.replaceAll('$', '$$$$');
  return { files: [{ name: 'compose.yaml', text }], notes: notesOf(request, how) };
}

/** What a backup needs is installed when the image is built, not when it starts. */
const DOCKERFILE = `FROM node:24-alpine
RUN apk add --no-cache tzdata tar age postgresql-client mariadb-client
WORKDIR ${HOME}
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY bin ./bin
COPY src ./src
`;

/** The container has one time zone, which is then that of all. */
function zoneOf({ scheduled, timeZone, now }: ExportRequest): string {
  const zones = [...new Set(scheduled.map((one) => one.timeZone ?? timeZone))];
  const fitting = zones.find((zone) =>
    scheduled.every((one) => hasSameTimes(one.schedule, one.timeZone ?? timeZone, zone, now)),
  );
  if (fitting !== undefined) return fitting;
  const [first = timeZone] = zones;
  const odd = scheduled.find((one) => !hasSameTimes(one.schedule, one.timeZone ?? timeZone, first, now));
  const why = `the container has one time zone, and the schedules have several: ${zones.join(', ')}`;
  throw inexpressible(odd ?? scheduled[0]!, why, 'give them one time_zone, or export systemd timers');
}

/**
 * busybox's crond takes a day of the month and a weekday for alternatives whenever both are restricted, counts steps of all days from a
 * day 0, and takes a % for a %.
 */
function lineOf(one: Scheduled, request: ExportRequest): string {
  const fields = scheduleFields(one.schedule);
  const { minute, hour, day, month, weekday } = fields;
  const areBothRestricted = !day.isFull && !weekday.isFull;
  if (areBothRestricted && !isEitherDay(fields)) {
    const why = 'the crond of busybox runs it when either of the two days fits, not both';
    throw inexpressible(one, why, 'choose weekdays, or days of the month, alone');
  }
  // Either of two days, one of which is any, is any day.
  const isAnyDay = isEitherDay(fields) && !areBothRestricted;
  const days = isAnyDay ? ['*', listed(month), '*'] : [listed(day), listed(month), listed(weekday)];
  return `${[listed(minute), listed(hour), ...days].join(' ')}  ${jobCommand(one, request)}\n`;
}

function listed({ values, text, isFull }: ScheduleField): string {
  if (isFull) return '*';
  return text.includes('/') ? values.join(',') : text;
}

function mounts({ installation }: ExportRequest, { places }: ComposeHow) {
  const outside = places.filter(({ path }) => !isBelow(path, installation.directory));
  const all: readonly Place[] = [{ path: installation.directory, writable: true }, ...outside];
  const byPath = new Map<string, boolean>();
  for (const { path, writable } of all) byPath.set(path, writable || byPath.get(path) === true);
  return [...byPath].map(([path, writable]) => {
    const bind = { type: 'bind', source: path, target: path };
    // A path that is not there is an error, not a new empty folder.
    return { ...bind, ...(writable ? {} : { read_only: true }), bind: { create_host_path: false } };
  });
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function notesOf({ scheduled, envFile }: ExportRequest, { localServers, networks }: ComposeHow): string[] {
  const variables = variablesOf(scheduled).join(', ');
  const secrets =
    envFile === undefined
      ? `the container needs ${variables}: write NAME=value lines into a .env file of mode 600, and export with --environment .env`
      : `${envFile} has to have lines NAME=value for ${variables}; chmod 600 it`;
  return [
    ...(variables === '' ? [] : [secrets]),
    ...(localServers.length === 0
      ? []
      : [
          `in the container, the machine itself is another one: \`server\` of ${localServers.join(', ')} has to name the service of the database${networks.length === 0 ? ', on a network that --network names' : ''}`,
        ]),
    'inline configs need Docker Compose 2.23.1 or newer',
  ];
}
