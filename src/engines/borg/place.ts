/** Where a borg repository is. */
export interface BorgPlace {
  /** As borg takes it: an absolute path, or `ssh://user@host:port/path`. */
  readonly url: string;
  /** The folder where it is on this machine, undefined elsewhere. */
  readonly folder: string | undefined;
  /** For people, without secrets. */
  readonly shown: string;
  /** The program and options that `ssh` is called with; undefined: `ssh`. */
  readonly shell: readonly string[] | undefined;
  /** Variables for that call. */
  readonly env: Readonly<Record<string, string>>;
}

/** borg replaces what stands in braces in places, names and comments; doubled ones stand for themselves. */
export function withoutPlaceholders(text: string): string {
  return text.replaceAll('{', '{{').replaceAll('}', '}}');
}
