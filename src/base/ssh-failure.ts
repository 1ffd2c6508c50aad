/** What the system's `ssh` means by its last words. */
export type SshFailureKind =
  | 'host-key-changed'
  | 'host-key-unknown'
  | 'refused-login'
  | 'bad-key-file'
  | 'unknown-name'
  | 'name-service'
  | 'no-subsystem'
  | 'no-common-algorithm'
  | 'bad-configuration'
  | 'unreachable'
  | 'other';

export interface SshFailure {
  readonly kind: SshFailureKind;
  /** The line that tells, without ssh's own name; '' when there is none. */
  readonly line: string;
}

/** What is no failure: of `-v`, of the key files of a configuration, and of who leaves. */
const TALK =
  /^(debug\d: |OpenSSH_\d|Warning: Identity file|Warning: Permanently added|Authenticated to |Transferred: |Bytes per second: |Killed by signal)/;

const MISSING_KEY = /^Warning: Identity file (.* not accessible: [^.\r\n]*)/m;

/** In the order they are looked for: a later line may only be the consequence of an earlier one. */
const MEANINGS: readonly (readonly [SshFailureKind, RegExp])[] = [
  [
    'bad-configuration',
    /Bad configuration option|bad configuration options|Can't open user config file|keyword .* extra arguments/i,
  ],
  ['host-key-changed', /^.*REMOTE HOST IDENTIFICATION HAS CHANGED.*$|Host key for .* has changed|REVOKED HOST KEY/],
  ['host-key-unknown', /No .* host key is known for|Host key verification failed/],
  ['no-common-algorithm', /Unable to negotiate/],
  [
    'bad-key-file',
    /UNPROTECTED PRIVATE KEY FILE|Load key ".*": (bad permissions|invalid format|error in libcrypto|incorrect passphrase)/,
  ],
  ['refused-login', /Permission denied|Too many authentication failures|no mutual signature/],
  ['name-service', /Could not resolve hostname .*Temporary failure/i],
  ['unknown-name', /Could not resolve hostname/i],
  ['no-subsystem', /subsystem request failed/i],
  [
    'unreachable',
    /Connection (refused|timed out|reset|closed)|Operation timed out|No route to host|Network is unreachable|not responding|kex_exchange_identification|banner exchange|Broken pipe|send disconnect|UNKNOWN port/i,
  ],
];

/** The cause of a failure of ssh by what it wrote to stderr. */
export function sshFailureOf(stderr: string): SshFailure {
  const lines = stderr
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[@* ]+$/.test(line) && !TALK.test(line));
  for (const [kind, pattern] of MEANINGS) {
    const line = lines.find((one) => pattern.test(one));
    if (line === undefined) continue;
    // A login that is refused may be for want of a key that was named and is not there.
    const missing = kind === 'refused-login' ? MISSING_KEY.exec(stderr)?.[1] : undefined;
    return { kind, line: missing === undefined ? cleaned(line) : `${cleaned(line)}; key file ${missing}` };
  }
  return { kind: 'other', line: cleaned(lines.at(-1) ?? '') };
}

/** What is wrong, and what to do about it. */
export interface SshAdvice {
  readonly problem: string;
  readonly hint: string;
}

/** What to do where the program is not there. */
export const INSTALL_SSH = 'install it: openssh-client on Debian, openssh-clients on Fedora';
/** What to do about a host that does not answer. */
export const LOOK_AT_NETWORK = 'look at the name of the host, its port, the network and the firewall';

/** About what ssh itself needs: the same whatever the host is asked for. Undefined for failures of any other kind. */
export function sshAdvice({ kind, line }: SshFailure): SshAdvice | undefined {
  switch (kind) {
    case 'bad-key-file':
      return {
        problem: `the private key can not be used (${line})`,
        hint: 'chmod 600 the key file, or load a key with a passphrase into ssh-agent',
      };
    case 'refused-login':
      return {
        problem: `the login was refused (${line})`,
        hint: 'put the public key into authorized_keys of that account, and name the private key in identity_file; passwords are never asked for',
      };
    case 'no-common-algorithm':
      return {
        problem: `client and host know no common way to encrypt (${line})`,
        hint: 'update the older one of both',
      };
    case 'bad-configuration':
      return {
        problem: `the configuration of ssh is not valid (${line})`,
        hint: 'mend it; ssh -G HOST shows what is wrong',
      };
    default:
      return undefined;
  }
}

/** Whether the failure is that nobody is let in. */
export function isSshRefusal({ kind }: SshFailure): boolean {
  return kind === 'bad-key-file' || kind === 'refused-login';
}

function cleaned(line: string): string {
  return line
    .replace(/^ssh: /, '')
    .replace(/^@\s+|\s+@$/g, '')
    .replace(/\.$/, '')
    .trim();
}
