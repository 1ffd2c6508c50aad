/**
 * What `python3` does on another host: `python3 -I -c PROGRAM VERB …`. It answers in lines as the scripts for the shell do. The sums of rows are
 * those of {@link import('../row-sum.ts')}.
 */
export const PYTHON_PROGRAM = `
import hashlib, json, os, sqlite3, struct, sys

class Text(bytes):
    pass

def connect(uri, wait_ms=0):
    return sqlite3.connect(uri, uri=True, timeout=int(wait_ms) / 1000, isolation_level=None)

def quoted(name):
    return '"' + name.replace('"', '""') + '"'

def copy(first, second, wait_ms, at_once):
    try:
        copy_from(first, wait_ms, at_once)
    except sqlite3.OperationalError as error:
        if 'readonly' not in str(error) and 'unable to open' not in str(error):
            raise
        copy_from(second, wait_ms, at_once)
    print('size', os.path.getsize('copy.db'))
    digest = hashlib.sha256()
    with open('copy.db', 'rb') as file:
        for chunk in iter(lambda: file.read(1 << 20), b''):
            digest.update(chunk)
    print('sha256', digest.hexdigest())
    check('file:copy.db?immutable=1')

def copy_from(uri, wait_ms, at_once):
    source = connect(uri, wait_ms)
    try:
        source.execute('SELECT count(*) FROM sqlite_master').fetchall()
        if at_once == '1':
            source.execute('BEGIN')
            source.execute('SELECT count(*) FROM sqlite_master').fetchall()
        target = sqlite3.connect('copy.db')
        try:
            source.backup(target, pages=1024)
        finally:
            target.close()
    finally:
        source.close()

def check(uri):
    database = connect(uri)
    for pragma in ('integrity_check', 'quick_check'):
        try:
            for (line,) in database.execute('PRAGMA %s(100)' % pragma):
                for one in str(line).splitlines():
                    print('check', one)
            break
        except sqlite3.DatabaseError as error:
            print('check-failed', str(error).replace('\\n', ' '))
    try:
        print('keys', database.execute('SELECT count(*) FROM pragma_foreign_key_check').fetchone()[0])
    except sqlite3.DatabaseError:
        print('keys 0')

def lock(uri):
    database = connect(uri, 500)
    database.execute('PRAGMA locking_mode = EXCLUSIVE')
    database.execute('BEGIN EXCLUSIVE')
    database.execute('ROLLBACK')
    database.close()

def add_rows(rows, total):
    count = 0
    for row in rows:
        parts = []
        for value in row:
            kind = type(value)
            if value is None:
                parts.append(b'\\0')
            elif kind is Text:
                parts.append(b'\\3' + struct.pack('<Q', len(value)) + value)
            elif kind is int:
                parts.append(b'\\1' + struct.pack('<q', value))
            elif kind is float:
                parts.append(b'\\2' + struct.pack('<d', value))
            else:
                parts.append(b'\\4' + struct.pack('<Q', len(value)) + value)
        total += int.from_bytes(hashlib.sha256(b''.join(parts)).digest(), 'little')
        count += 1
    return count, total

def fingerprint(uri, level):
    names = connect(uri)
    rows = connect(uri)
    rows.text_factory = Text
    listed = names.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0").fetchall()
    tables = []
    for name in sorted(['sqlite_schema'] + [one for (one,) in listed], key=lambda one: one.encode()):
        own = name == 'sqlite_schema'
        table = 'sqlite_master' if own else quoted(name)
        if level == 'counts':
            count = names.execute('SELECT count(*) FROM ' + table).fetchone()[0]
            tables.append({'name': name, 'rows': count})
            continue
        columns = ['type', 'name', 'tbl_name', 'sql']
        if not own:
            try:
                found = names.execute('PRAGMA table_xinfo(%s)' % table).fetchall()
                columns = [quoted(one[1]) for one in found if one[6] == 0]
            except sqlite3.DatabaseError:
                columns = []
            if not columns:
                columns = [quoted(one[1]) for one in names.execute('PRAGMA table_info(%s)' % table)]
        count, total = add_rows(rows.execute('SELECT %s FROM %s' % (', '.join(columns), table)), 0)
        if own:
            for pragma in ('user_version', 'application_id', 'encoding'):
                value = rows.execute('PRAGMA ' + pragma).fetchone()[0]
                total = add_rows([(Text(pragma.encode()), value)], total)[1]
        tables.append({'name': name, 'rows': count, 'checksum': '%064x' % (total % (1 << 256))})
    print('tables', json.dumps(tables))

try:
    {'copy': copy, 'check': check, 'lock': lock, 'fingerprint': fingerprint}[sys.argv[1]](*sys.argv[2:])
except sqlite3.Error as error:
    sys.exit('Error: %s' % error)
`;
