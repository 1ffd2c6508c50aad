import { shellWord } from './shell-word.ts';

/**
 * How the system's `ssh` is called, so that a host is reached just as the person who runs Surety reaches it: `~/.ssh/config`, agents, jump
 * hosts and hardware keys all count. What is not left to them: host keys are always checked, nothing is ever asked, nothing hangs.
 */
export interface SshTarget {
  /** A name or address, or a `Host` of the configuration of ssh. */
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** A private key; with it no other one is offered. */
  readonly identityFile?: string | undefined;
  /** The only file whose host keys count, instead of the user's and the system's. */
  readonly knownHosts?: string | undefined;
  /** Instead of the user's and the system's configuration of ssh. */
  readonly configFile?: string | undefined;
  /** A host to go through: `user@host:port`. */
  readonly jump?: string | undefined;
}

export interface SshTimes {
  readonly connectMs: number;
  /** A connection that is silent for so long is given up. */
  readonly silentMs: number;
}

export const SSH_PROGRAM = 'ssh';

/** Variables for every call: no window asks for a password either. */
export const SSH_VARIABLES = { SSH_ASKPASS_REQUIRE: 'never' } as const;

/** The arguments for a subsystem of the host, such as `sftp`: options, `--`, the host and the name. */
export function subsystemArguments(target: SshTarget, name: string, times: SshTimes): string[] {
  return [...optionArguments(target, times), '-s', '--', target.host, name];
}

/**
 * The arguments for a command there: options, `--`, the host and the line that the login shell there is given. `socket` is that of a master
 * whose connection is shared; without one, or when it is gone, the connection is an own one.
 */
export function commandArguments(
  target: SshTarget,
  line: string,
  times: SshTimes,
  socket: string | undefined,
): string[] {
  return [...shellArguments(target, times, socket), '--', target.host, line];
}

/** The options alone, for programs that call `ssh` themselves and add a host and a command. */
export function shellArguments(target: SshTarget, times: SshTimes, socket: string | undefined): string[] {
  return optionArguments(target, times, controlOptions('no', socket));
}

/**
 * The arguments for a process whose connection others share by `socket`, and that runs nothing itself. It stays in the foreground, and tells
 * on stderr where it connects to and which host key it sees.
 */
export function masterArguments(target: SshTarget, times: SshTimes, socket: string): string[] {
  return ['-v', '-N', ...optionArguments(target, times, controlOptions('yes', socket)), '--', target.host];
}

/** The arguments for a connection of its own that tells as much as a master, and runs a command. */
export function tellingArguments(target: SshTarget, line: string, times: SshTimes): string[] {
  return ['-v', ...commandArguments(target, line, times, undefined)];
}

function controlOptions(master: 'yes' | 'no', socket: string | undefined): string[] {
  const path = socket === undefined ? 'none' : `"${withoutTokens(socket)}"`;
  // What went wrong has to be said, whatever a configuration says of noise.
  return [`ControlMaster=${master}`, `ControlPath=${path}`, 'ControlPersist=no', 'LogLevel=INFO'];
}

/** Unanswered questions before the connection is given up. */
const ALIVE_COUNT = 4;

/** They would leave an ssh behind, or keep a program's input from it. */
const UNASKED = ['ForkAfterAuthentication', 'StdinNull'];

/** By default an existing master is used, but none is made: that would outlive this process and hold its pipes open. */
function optionArguments(target: SshTarget, times: SshTimes, control = ['ControlMaster=no']): string[] {
  const seconds = (ms: number): number => Math.max(1, Math.round(ms / 1000));
  const options = [
    // Releases of ssh before 8.7 do not know them, and no configuration could turn them on there.
    `IgnoreUnknown=${UNASKED.join(',')}`,
    ...UNASKED.map((option) => `${option}=no`),
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `ConnectTimeout=${seconds(times.connectMs)}`,
    `ServerAliveInterval=${seconds(times.silentMs / ALIVE_COUNT)}`,
    `ServerAliveCountMax=${ALIVE_COUNT}`,
    ...control,
    'ClearAllForwardings=yes',
    'ForwardAgent=no',
    'ForwardX11=no',
    'PermitLocalCommand=no',
    'RequestTTY=no',
    'RemoteCommand=none',
    'EscapeChar=none',
    ...knownHostsOptions(target.knownHosts),
    ...(target.identityFile === undefined ? [] : ['IdentitiesOnly=yes']),
    ...(target.jump === undefined ? [] : [`ProxyCommand=${jumpCommand(target, target.jump, times)}`]),
  ];
  return [
    ...(target.configFile === undefined ? [] : ['-F', target.configFile]),
    ...options.flatMap((option) => ['-o', option]),
    ...(target.identityFile === undefined ? [] : ['-i', withoutTokens(target.identityFile)]),
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    ...(target.user === undefined ? [] : ['-l', target.user]),
  ];
}

function knownHostsOptions(path: string | undefined): string[] {
  if (path === undefined) return [];
  return [`UserKnownHostsFile="${withoutTokens(path)}"`, 'GlobalKnownHostsFile=none', 'UpdateHostKeys=no'];
}

/** `ssh -J` would leave host keys of the jump host to its configuration, and would ask; here the same rules hold for it. */
function jumpCommand(target: SshTarget, jump: string, times: SshTimes): string {
  const { user, host, port } = jumpParts(jump);
  const through = { ...target, user, host, port, jump: undefined };
  const argv = [SSH_PROGRAM, ...optionArguments(through, times)].map((word) => shellWord(withoutTokens(word)));
  return [...argv, '-W', "'[%h]:%p'", '--', shellWord(withoutTokens(host))].join(' ');
}

function jumpParts(jump: string): { user: string | undefined; host: string; port: number | undefined } {
  const match = /^(?:([^@]+)@)?(\[[^\]]+\]|[^:@]+)(?::(\d+))?$/.exec(jump);
  const host = (match?.[2] ?? jump).replace(/^\[|\]$/g, '');
  return { user: match?.[1], host, port: match?.[3] === undefined ? undefined : Number(match[3]) };
}

/** ssh replaces `%h` and the like in paths and commands; `%%` is a percent sign. */
function withoutTokens(text: string): string {
  return text.replaceAll('%', '%%');
}
