/**
 * What another host is told to hash with. Each answer is a line of hashes with spaces between them, in the order that was asked in; it ends
 * early where a file is another one than before, and is of something else where one can not be read.
 */

/** `sums` prints a hash first in a line: of each file that is named, or of its stdin. */
const SUMS = [
  'if command -v sha256sum >/dev/null; then sums() { sha256sum "$@"; }',
  'elif command -v shasum >/dev/null; then sums() { shasum -a 256 "$@"; }',
  'elif command -v sha256 >/dev/null; then sums() { sha256 -q "$@"; }',
  'else sums() { openssl dgst -sha256 -r "$@"; }; fi',
].join('\n');

/** Programs that {@link SUMS} knows. */
export const SUM_TOOLS = ['sha256sum', 'shasum', 'sha256', 'openssl'] as const;

/** Hashes whole files whose names have no line ends and no backslashes: the paths on stdin, each with a NUL behind it. Where one fails, or has become a pipe, each is hashed by itself. */
const WHOLE_EACH = `${SUMS}
one() { [ -f "$1" ] && sums "$1" 2>/dev/null; }
each=; for file do [ -f "$file" ] || each=1; done
[ -z "$each" ] && all=$(sums "$@" 2>/dev/null) && printf '%s\\n' "$all" && exit 0
for file do sum=$(one "$file") || sum=-; printf '%s\\n' "$sum"; done
exit 0`;

export const HASH_WHOLE: readonly string[] = ['xargs', '-0', '-n', '256', 'sh', '-c', WHOLE_EACH, 'sh'];

/**
 * Hashes files piece by piece. On stdin are, for each, a line with its path as `printf %b` takes it, then for each piece a line `BYTES:PREFIX`
 * with the first digits of the hash it had, then an empty line. A block of `dd` is one piece: nothing is read beyond its end.
 */
const PIECES = `${SUMS}
while IFS= read -r word; do
  file=$(printf '%b.' "$word"); file=\${file%.}; same=1
  [ -f "$file" ] && [ -r "$file" ] || file=/dev/null
  { while IFS=: read -r bytes prefix && [ -n "$bytes" ]; do
      [ -n "$same" ] || continue
      sum=$(dd bs="$bytes" count=1 2>/dev/null <&3 | sums); sum=\${sum%% *}
      printf '%s ' "$sum"
      case $sum in "$prefix"*) ;; *) same= ;; esac
    done; } 3<"$file"
  echo
done`;

export const HASH_PIECES: readonly string[] = ['sh', '-c', PIECES];

/** Takes what {@link HASH_PIECES} takes. */
const PYTHON = `
import hashlib, os, re, stat, sys, time

lines, out = sys.stdin.buffer, sys.stdout.buffer
told = time.monotonic()

def path_of(word):
    return re.sub(rb'\\\\0([0-7]{3})', lambda found: bytes([int(found.group(1), 8)]), word)

def tell(text):
    global told
    out.write(text)
    if time.monotonic() - told > 1:
        out.flush()
        told = time.monotonic()

def hash_all(path, pieces):
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), 'rb', buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return
        for piece in pieces:
            size, prefix = piece.split(b':')
            sum, left = hashlib.sha256(), int(size)
            while left > 0:
                data = file.read(min(left, 1 << 20))
                if not data:
                    return
                sum.update(data)
                left -= len(data)
            tell(sum.hexdigest().encode() + b' ')
            if not sum.hexdigest().encode().startswith(prefix):
                return

for word in lines:
    pieces = []
    for piece in lines:
        if piece == b'\\n':
            break
        pieces.append(piece.rstrip(b'\\n'))
    try:
        hash_all(path_of(word[:-1]), pieces)
    except OSError:
        pass
    tell(b'\\n')
out.flush()
`;

export const HASH_WITH_PYTHON: readonly string[] = ['python3', '-I', '-c', PYTHON];
