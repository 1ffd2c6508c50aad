/** The one owner of what this process is told by its surroundings: variables, host, user, folders, program version. */
import { readFileSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The value of an environment variable; undefined when it is not set. An empty value is a value. */
export function variable(name: string): string | undefined {
  return process.env[name];
}

/** A copy of all variables, for a child process. */
export function variables(): Record<string, string> {
  const copy: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) copy[name] = value;
  return copy;
}

/** This machine's name as snapshots show it. */
export function hostName(): string {
  return hostname();
}

/** The user who runs this process; the number of a user without a name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}

/** The user who became another one by `sudo` or `doas`, as these tell; '' without them. */
export function userBehind(): string {
  return variable('SUDO_USER') ?? variable('DOAS_USER') ?? '';
}

/** Whether this process may give files to other owners. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

export function homeFolder(): string {
  return homedir();
}

/** Where temporary files go when no better place is known (`TMPDIR`, else the system's). */
export function temporaryFolder(): string {
  return tmpdir();
}

/** The time zone of this machine or of `TZ`, such as `Europe/London`; `UTC` where none is known. */
export function systemTimeZone(): string {
  const name = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
  return name === undefined || name === 'Etc/Unknown' ? 'UTC' : name;
}

/** The folder of this installation of Surety: a checkout or a package. */
export function programFolder(): string {
  return fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');
}

/** The Node that runs this process. */
export function nodeProgram(): string {
  return process.execPath;
}

let version: string | undefined;

/** Surety's version, such as `0.1.0`. */
export function programVersion(): string {
  version ??= readVersion();
  return version;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  return '0.0.0';
}
