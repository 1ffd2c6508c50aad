/** Lists a file tree where `find` can not tell all that is needed; the words are those of GNU `find`. Arguments: `one` or `all`, flags, the path. */
export const PYTHON_LIST = `
import os, stat, sys

out = sys.stdout.buffer
what, flags, top = sys.argv[1], sys.argv[2], os.fsencode(sys.argv[3])
TYPES = {stat.S_IFREG: b'f', stat.S_IFDIR: b'd', stat.S_IFLNK: b'l', stat.S_IFIFO: b'p', stat.S_IFSOCK: b's', stat.S_IFCHR: b'c', stat.S_IFBLK: b'b'}
TAG = b'Signature: 8a477f597d28d172789f06886806bc55'
failed = False

def time(ns):
    return b'%d.%09d' % (ns // 10**9, ns % 10**9)

def complain(path, error):
    global failed
    failed = True
    sys.stderr.buffer.write(b"find: '" + path.replace(b'\\\\', b'\\\\\\\\').replace(b"'", b"\\\\'").replace(b'\\n', b'\\\\n') + b"': " + (error.strerror or 'error').encode() + b'\\n')

def show(path, found, depth, name=None):
    kind = TYPES.get(stat.S_IFMT(found.st_mode), b'?')
    target = os.readlink(path) if kind == b'l' else b''
    if kind in b'bc':
        out.write(b'@%x %x\\n' % (os.major(found.st_rdev), os.minor(found.st_rdev)))
    out.write(b'%s %o %d %d %s %s %d %d %d %d %d %s\\0%s\\0' % (kind, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid,
        time(found.st_mtime_ns), time(found.st_ctime_ns), found.st_size, found.st_ino, found.st_dev, found.st_nlink, depth,
        os.path.basename(path) if name is None else name, target))

def is_tag(path):
    try:
        with open(path, 'rb') as file:
            return file.read(len(TAG)) == TAG
    except OSError:
        return False

def walk(folder, depth, device):
    try:
        names = os.listdir(folder)
    except OSError as error:
        return complain(folder, error)
    for name in names:
        path = os.path.join(folder, name)
        try:
            found = os.lstat(path)
            if 'c' in flags and name == b'CACHEDIR.TAG' and stat.S_ISREG(found.st_mode) and is_tag(path):
                out.write(b'#\\0')
            show(path, found, depth)
        except OSError as error:
            complain(path, error)
            continue
        if stat.S_ISDIR(found.st_mode) and (device is None or found.st_dev == device):
            walk(path, depth + 1, device)

if what == 'named':
    for path in sys.stdin.buffer.read().split(b'\\0'):
        try:
            if path:
                show(path, os.lstat(path), 0, path)
        except OSError:
            pass
    out.flush()
    sys.exit(0)

try:
    start = os.stat(top)
except OSError as error:
    complain(top, error)
else:
    if what == 'one':
        show(top, start, 0)
    elif stat.S_ISDIR(start.st_mode):
        sys.setrecursionlimit(100000)
        walk(top, 1, start.st_dev if 'x' in flags else None)
out.flush()
sys.exit(1 if failed else 0)
`;
