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

function cleaned(line: string): string {
  return line
    .replace(/^ssh: /, '')
    .replace(/^@\s+|\s+@$/g, '')
    .replace(/\.$/, '')
    .trim();
}
