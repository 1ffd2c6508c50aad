/**
 * What the shell of another host is told to list. It looks for the means that are there: GNU `find`, else `find` and `stat` as busybox has them,
 * else Python. Everything comes in words that end with NUL, in sections; what a program says on its stderr is part of its section.
 */

import { shellWord } from '../../../base/shell-word.ts';
import type { FilesOptions } from '../options.ts';
import { PYTHON_LIST } from './python-list.ts';
import type { Start } from './starts.ts';

export interface ListOrder {
  readonly starts: readonly Start[];
  readonly options: FilesOptions;
  /** Tests of `find` for what need not be listed. */
  readonly prune: readonly string[];
  /** Cannot be guessed: nothing that is listed contains it. */
  readonly nonce: string;
  /** Whether what is at the paths on stdin, each with a NUL behind it, is told as well; what is not there is passed over. */
  readonly isNaming: boolean;
}

/** Of each file: type, mode, owner, times, size, inode, device, links, depth and name; then the target of a link. */
const GNU_FORMAT = '%y %m %U %G %T@ %C@ %s %i %D %n %d %f\\0%l\\0';
const GNU_DEVICES = `\\( \\( -type b -o -type c \\) -exec stat -c '@%t %T' {} \\; -o -true \\)`;

/** Runs a script with many paths at once. That one is not there is no failure, that `xargs` ends is. */
function eachNamed(script: string): string {
  return `named() { xargs -0 sh -c ${shellWord(script)} sh 2>/dev/null; case $? in 0|1|123) ;; *) return 1;; esac; }`;
}

const SIGNATURE = 'Signature: 8a477f597d28d172789f06886806bc55';
const IS_TAG = `[ "$(head -c ${SIGNATURE.length} "$1")" = "${SIGNATURE}" ]`;

/** The script for `sh -c`. */
export function listScript({ starts, options, prune, nonce, isNaming }: ListOrder): string {
  return [
    'LC_ALL=C TZ=UTC0 QUOTING_STYLE=literal; export LC_ALL TZ QUOTING_STYLE',
    FIND_VARIANT,
    HEAD,
    SECTION,
    gnuFunctions(options, prune),
    statFunctions(options, prune, nonce),
    pythonFunctions(options),
    // What every start is, before anything below one is listed.
    ...starts.flatMap(({ path, root }, at) => [
      `section p${at} one ${shellWord(path)}`,
      ...(root === undefined
        ? []
        : [`section r${at} ready ${shellWord(path)}`, `section m${at} above ${shellWord(path)}`]),
    ]),
    `printf '=\\0'`,
    ...starts.flatMap(({ path, isListed }, at) =>
      isListed
        ? [`section t${at} all ${shellWord(path)}`, `[ $v = stat ] && section k${at} tags ${shellWord(path)}`]
        : [],
    ),
    ...(isNaming ? ['[ $v = stat ] && section n0 said || section n0 named'] : []),
    // Whether it is still what was there at first.
    ...starts.flatMap(({ path, root }, at) => (root === undefined ? [] : [`section q${at} one ${shellWord(path)}`])),
    `printf '.\\0'`,
    'exit 0',
  ].join('\n');
}

const FIND_VARIANT = [
  `if find -H / -maxdepth 0 -printf '' >/dev/null 2>&1; then v=gnu`,
  'elif find -H / -maxdepth 0 -exec stat -c %n {} + >/dev/null 2>&1; then v=stat',
  'elif command -v python3 >/dev/null 2>&1; then v=python',
  'else v=none; fi',
].join('\n');

const HEAD = [
  'tools=',
  'for t in tar getfattr setfattr python3 perl getent sha256sum shasum sha256 openssl; do command -v $t >/dev/null 2>&1 && tools="$tools $t"; done',
  `printf '%s\\0' surety-listing $v "$(pwd)" "$(id -u)" "$tools" "$(tar --version 2>&1 | head -n 1)"`,
  `printf '%s\\0' "$(cut -d: -f1,3 /etc/passwd 2>/dev/null)" "$(cut -d: -f1,3 /etc/group 2>/dev/null)"`,
].join('\n');

const SECTION = [
  `section() { printf '>%s\\0' "$1"; shift; { e=$("$@" 2>&1 >&3); c=$?; } 3>&1; printf '<%s\\0%s\\0' "$c" "$e"; }`,
  'ready() { if [ -d "$1" ]; then [ -r "$1" ] && [ -x "$1" ]; else [ -r "$1" ]; fi; }',
  'above() { [ ! -d "$1" ] || one "$1/.."; }',
].join('\n');

function gnuFunctions({ oneFileSystem, excludeCaches }: FilesOptions, prune: readonly string[]): string {
  const tags = `\\( -name CACHEDIR.TAG -type f -exec sh -c '${IS_TAG}' sh {} \\; -printf '#\\0' -o -true \\)`;
  const parts = [
    ...(oneFileSystem ? ['-xdev'] : []),
    ...pruned(prune),
    ...(excludeCaches ? [tags] : []),
    // What another program writes comes where it belongs: `find` hands over what it has first.
    GNU_DEVICES,
    `-printf '${GNU_FORMAT}'`,
  ];
  return [
    'if [ $v = gnu ]; then',
    `one() { find -H "$1" -maxdepth 0 -printf '${GNU_FORMAT}'; }`,
    `all() { find -H "$1" -mindepth 1 ${parts.join(' ')}; }`,
    eachNamed(`find "$@" -maxdepth 0 ${GNU_DEVICES} -printf '${GNU_FORMAT.replace('%f', '%p')}'`),
    'fi',
  ].join('\n');
}

/** The name is between two nonces; behind the second it is said again, with the target of a link. */
function statFunctions(
  { oneFileSystem, excludeCaches }: FilesOptions,
  prune: readonly string[],
  nonce: string,
): string {
  const format = `${nonce}%f %u %g %s %i %d %h %t %T %Y %Z %y|%z|%n${nonce}%N`;
  const within = [...(oneFileSystem ? ['-xdev'] : []), ...pruned(prune)].join(' ');
  const tag = `sh -c '${IS_TAG} && printf "%s\\0" "$1"' sh {} \\;`;
  return [
    'if [ $v = stat ]; then',
    `one() { stat -L -c '${format}' "$1" && printf '\\0'; }`,
    `all() { find -H "$1" -mindepth 1 ${within} -exec stat -c '${format}' {} +; c=$?; printf '\\0'; return $c; }`,
    `${eachNamed(`stat -c '${format}' "$@"`)}; said() { named; c=$?; printf '\\0'; return $c; }`,
    `tags() { ${excludeCaches ? `find -H "$1" -mindepth 1 ${within} -name CACHEDIR.TAG -type f -exec ${tag}` : ':'}; }`,
    'fi',
  ].join('\n');
}

function pythonFunctions({ oneFileSystem, excludeCaches }: FilesOptions): string {
  const flags = `${oneFileSystem ? 'x' : '-'}${excludeCaches ? 'c' : '-'}`;
  return [
    'if [ $v = python ]; then',
    `list() { python3 -I -c ${shellWord(PYTHON_LIST)} "$@"; }`,
    'one() { list one -- "$1"; }',
    `all() { list all ${flags} "$1"; }`,
    'named() { list named -- .; }',
    'fi',
  ].join('\n');
}

function pruned(tests: readonly string[]): string[] {
  return tests.length === 0 ? [] : [`\\( ${tests.map((test) => `\\( ${test} \\)`).join(' -o ')} \\) -prune -o`];
}
