import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { SuretyError } from '../base/errors.ts';
import { locksOf } from '../operations/hooks/pending-hooks.ts';
import { openPendingHooks } from './pending-hooks.ts';

const hook = { run: 'systemctl start app', timeoutMs: 1000, onFailure: 'warn', when: 'always' } as const;
const due = { job: 'nightly', source: 'app', recoveryPoint: 'P1', host: 'local', hooks: [hook] };

describe('after hooks that are due', () => {
  let folder = '';
  let warnings: string[] = [];
  let held: string[] = [];
  const busy = new Set<string>();
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'surety-pending-')), 'hooks');
    [warnings, held] = [[], []];
    busy.clear();
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  function open() {
    const lock = (name: string): Disposable => {
      if (busy.has(name)) throw new SuretyError('run.busy', `${name} is busy`);
      held.push(name);
      return { [Symbol.dispose]: () => void held.pop() };
    };
    return openPendingHooks(folder, { lock, warn: (message) => warnings.push(message) });
  }

  test('are found by another process, with the lock of their run held, until they are forgotten', () => {
    open().remember(due);
    open().remember({ ...due, source: '' });
    open().remember({ ...due, job: '', recoveryPoint: 'P2' });
    const found: unknown[] = [];
    for (const left of open().left()) {
      using one = left;
      const { forget, replace: _replace, [Symbol.dispose]: _, ...rest } = one;
      found.push([rest, ...held]);
      forget();
    }
    assert.deepEqual(found, [
      [due, 'nightly'],
      [{ ...due, source: '' }, 'nightly'],
      [{ ...due, job: '', recoveryPoint: 'P2' }, 'source app'],
    ]);
    assert.deepEqual([...open().left()], []);
    assert.deepEqual(held, []);
  });

  test('have the lock that their run holds', () => {
    const remembered = open();
    remembered.remember(due);
    busy.add('nightly');
    assert.deepEqual([...remembered.left()], []);
    assert.deepEqual(locksOf('nightly', ['b', 'a']), ['nightly', 'source a', 'source b']);
    assert.deepEqual(locksOf('', ['app']), ['source app']);
  });

  test('are forgotten when they have run, and are nobody else’s business', () => {
    const kept = open().remember(due);
    const [name = ''] = readdirSync(folder);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    kept.forget();
    kept.forget();
    assert.deepEqual(readdirSync(folder), []);
  });

  test('that can not be read are warned of and run by nobody', () => {
    open().remember(due);
    writeFileSync(join(folder, 'a.json'), '{"job":');
    writeFileSync(join(folder, 'b.json'), JSON.stringify({ ...due, hooks: [{ run: 5 }] }));
    writeFileSync(join(folder, 'c.json.unfinished'), '{');
    const found = [...open().left()].map(({ recoveryPoint }) => recoveryPoint);
    assert.deepEqual(found, ['P1']);
    assert.match(warnings[0] ?? '', /can not be read: .*a\.json, then remove it/);
    assert.match(warnings[1] ?? '', /b\.json is no record of after hooks/);
    assert.equal(warnings.length, 2);
  });

  test('that can not be remembered are no reason not to back up', () => {
    writeFileSync(folder, 'a file');
    open().remember(due).forget();
    assert.match(warnings[0] ?? '', /should this run be killed, its after hooks would not run/);
  });
});
