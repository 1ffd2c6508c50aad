/** Asks another host for extended attributes of files without their content: no `tar` tells them so. */
import { decodeName } from '../../../../base/names.ts';
import type { Xattr } from '../../../source.ts';
import { pathBytes } from '../path-bytes.ts';
import { type LinesHow, linesThere } from './lines-there.ts';

/** For each path a line `NAME=VALUE,…` in hex digits, `-` where they can not be read. A file system that has none says so by an error. */
const PYTHON = `
import errno, os, sys
out = sys.stdout.buffer

def line_of(path):
    try:
        names = os.listxattr(path, follow_symlinks=False)
        pairs = [(os.fsencode(name), os.getxattr(path, name, follow_symlinks=False)) for name in names]
    except OSError as error:
        return '' if error.errno == errno.ENOTSUP else '-'
    return ','.join(name.hex() + '=' + value.hex() for name, value in pairs)

for path in sys.stdin.buffer.read().split(b'\\0'):
    if path:
        out.write(line_of(path).encode() + b'\\n')
out.flush()
`;

/** The same; Perl itself knows nothing of them, so it is told the numbers of the system calls. */
const PERL = `
use Config;
my ($list, $get) = $Config{archname} =~ /^x86_64-linux(?!.*x32)/ ? (195, 192) : $Config{archname} =~ /^(aarch64|riscv64)-linux/ ? (12, 9) : exit 3;
my $room = 65536;
sub line_of {
  my ($path) = @_;
  my $names = "\\0" x $room;
  my $size = syscall($list, $path, $names, $room);
  return $!{EOPNOTSUPP} ? '' : '-' if $size < 0;
  my @pairs;
  for my $name (split /\\0/, substr($names, 0, $size)) {
    my $value = "\\0" x $room;
    my $got = syscall($get, $path, $name, $value, $room);
    return '-' if $got < 0;
    push @pairs, unpack('H*', $name) . '=' . unpack('H*', substr($value, 0, $got));
  }
  return join ',', @pairs;
}
$/ = "\\0";
while (my $path = <STDIN>) { chomp $path; print line_of($path), "\\n"; }
`;

/** What to ask with, the best first. */
const MEANS: readonly (readonly [tool: string, argv: readonly string[], read: typeof fromLines])[] = [
  ['python3', ['python3', '-I', '-c', PYTHON], fromLines],
  ['perl', ['perl', '-e', PERL], fromLines],
  [
    'getfattr',
    ['xargs', '-0', 'getfattr', '--no-dereference', '--dump', '--match=-', '--encoding=hex', '--absolute-names'],
    fromGetfattr,
  ],
];

export function canTellAttributes(tools: ReadonlySet<string>): boolean {
  return MEANS.some(([tool]) => tools.has(tool));
}

/** Of each path; undefined for one whose attributes can not be read. Undefined for all where nothing there could tell. Throws what the way to the host says. */
export async function attributesThere(
  paths: readonly string[],
  tools: ReadonlySet<string>,
  how: LinesHow,
): Promise<readonly (readonly Xattr[] | undefined)[] | undefined> {
  if (paths.length === 0) return [];
  for (const [tool, argv, read] of MEANS) {
    const lines = tools.has(tool) ? await linesThere(argv, pathBytes(paths), how) : undefined;
    const found = lines === undefined ? undefined : read(lines, paths);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fromLines(
  lines: readonly string[],
  paths: readonly string[],
): readonly (readonly Xattr[] | undefined)[] | undefined {
  return lines.length === paths.length ? lines.map(pairsIn) : undefined;
}

const PAIRS = /^(?:(?:[0-9a-f]{2})+=(?:[0-9a-f]{2})*(?:,|$))*$/;

function pairsIn(line: string): Xattr[] | undefined {
  if (line === '') return [];
  if (!PAIRS.test(line)) return undefined;
  return line.split(',').map((pair) => {
    const [name = '', value = ''] = pair.split('=');
    return { name: Buffer.from(name, 'hex').toString('utf8'), value: Buffer.from(value, 'hex') };
  });
}

/** Files are named only where they have attributes: `# file: PATH`, then lines `NAME=0xVALUE`, then an empty one. */
function fromGetfattr(
  lines: readonly string[],
  paths: readonly string[],
): readonly (readonly Xattr[] | undefined)[] | undefined {
  const found = new Map<string, Xattr[]>();
  let current: Xattr[] = [];
  for (const line of lines) {
    const path = /^# file: (.*)$/.exec(line)?.[1];
    if (path !== undefined) {
      current = [];
      found.set(unescaped(path), current);
    } else if (line !== '') {
      const pair = /^([^=]+)(?:=(?:0x((?:[0-9a-f]{2})*)|""))?$/.exec(line);
      if (pair === null) return undefined;
      current.push({ name: unescaped(pair[1]!), value: Buffer.from(pair[2] ?? '', 'hex') });
    }
  }
  const known = new Set(paths);
  if ([...found.keys()].some((path) => !known.has(path))) return undefined;
  return paths.map((path) => found.get(path) ?? []);
}

function unescaped(latin1: string): string {
  const text = latin1.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
  return decodeName(Buffer.from(text, 'latin1'));
}
