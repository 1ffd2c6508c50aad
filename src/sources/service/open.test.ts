import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type ScriptedService, scriptedService } from '../../../test/fixtures/scripted-service.ts';
import { SuretyError } from '../../base/errors.ts';
import { openFiles } from '../files/open.ts';
import { filesOptions } from '../files/options.ts';
import { type Held, hold, restoreHeld } from '../held.ts';
import type { ReadHow, Source, Warning, WriteHow } from '../source.ts';
import { serviceOptions, serviceSchema } from './options.ts';

const signal = new AbortController().signal;
const readHow: ReadHow = { signal, warn: (warning) => assert.fail(warning.message) };
const writeHow: WriteHow = { signal, warn: readHow.warn, target: undefined, conflict: 'changed', dryRun: false };

let service: ScriptedService;
beforeEach(() => {
  service = scriptedService();
});
afterEach(() => service[Symbol.dispose]());

async function take(source: Source, how: Partial<ReadHow> = {}): Promise<Held> {
  const whole = { ...readHow, ...how };
  await using reading = await source.read(whole);
  return await hold(reading, whole);
}

const outputOf = ({ contents }: Held) => Buffer.from(contents.get('rancher.out') ?? []).toString();

function failure(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SuretyError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message}\n${error.hint}`, message);
    return true;
  };
}

function assertRunsAgain(calls: readonly string[]): void {
  assert.deepEqual(service.calls(), calls);
  assert.equal(service.state(), 'running');
  assert.equal(service.isRemembered(), false);
}

describe('a backup', () => {
  test('all is captured while the service is stopped, then it runs again, and its down-time is recorded', async () => {
    const held = await take(service.open({ of: { backup: 'sleep 0.2; cat state' } }));
    assert.equal(outputOf(held), 'stopped\n');
    assertRunsAgain(['stop', 'start']);
    assert.equal(held.facts.kind, 'command');
    assert.ok(held.facts.downtimeMs! >= 200 && held.facts.downtimeMs! < 5000, String(held.facts.downtimeMs));
    assert.match(held.facts.notes!.join(), /the service was stopped for \d/);
  });

  test('a slow stop and a slow start do not look like a stall', async () => {
    let beats = 0;
    const options = { stop: 'sleep 1.2; echo stopped > state', start: 'sleep 1.2; echo running > state' };
    await using reading = await service.open({ options }).read({ ...readHow, alive: () => (beats += 1) });
    assert.ok(beats >= 1);
    const before = beats;
    await hold(reading, readHow);
    assert.ok(beats > before);
    const after = beats;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(beats, after);
  });

  test('while it is stopped, a record on disk says so', async () => {
    const held = await take(service.open({ of: { backup: 'cat services/rancher.json' } }));
    assert.match(outputOf(held), /"source":"rancher","since":"20/);
    assertRunsAgain(['stop', 'start']);
  });

  test('files are taken as the source inside takes them, and by its name and paths', async () => {
    mkdirSync(join(service.folder, 'data'));
    writeFileSync(join(service.folder, 'data/a.txt'), 'content');
    const options = filesOptions({ paths: ['data'] });
    const inside = openFiles({ name: 'rancher', host: 'here', options, baseDir: service.folder });
    const source = service.open({ of: inside });
    assert.deepEqual(source.traits, { name: 'rancher', kind: 'files' });
    assert.equal(source.locate('data/a.txt'), inside.locate('data/a.txt'));
    await using reading = await source.read(readHow);
    assert.deepEqual([reading.host, reading.paths], ['here', ['data']]);
    assert.equal(service.state(), 'stopped');
    const held = await hold(reading, readHow);
    assert.deepEqual([...held.contents.keys()], ['data/a.txt']);
    assert.equal(held.facts.kind, 'files');
    assertRunsAgain(['stop', 'start']);
  });

  test('a capture that fails is told after the service runs again', async () => {
    await assert.rejects(take(service.open({ of: { backup: 'exit 5' } })), failure('source.failed', /exit code 5/));
    assertRunsAgain(['stop', 'start']);
  });

  test('a capture that is not whole is told after the service runs again', async () => {
    await assert.rejects(take(service.open({ of: { backup: 'true' } })), failure('source.incomplete', /is empty/));
    assertRunsAgain(['stop', 'start']);
  });

  test('a source inside that is missing is told after the service runs again', async () => {
    const options = filesOptions({ paths: ['not-there'] });
    const inside = openFiles({ name: 'rancher', host: 'here', options, baseDir: service.folder });
    await assert.rejects(take(service.open({ of: inside })), failure('source.missing', /not-there/));
    assertRunsAgain(['stop', 'start']);
  });

  test('a reading that is given up starts the service', async () => {
    {
      await using reading = await service.open().read(readHow);
      for await (const _ of reading.entries()) break;
      assert.equal(service.state(), 'stopped');
    }
    assertRunsAgain(['stop', 'start']);
  });

  test('an abort in the middle of the capture starts the service, though the start takes its time', async () => {
    const reason = new Error('interrupted');
    const controller = new AbortController();
    const source = service.open({
      options: { start: service.call('start', 'sleep 0.3; echo running > state') },
      of: { backup: 'echo begun; exec sleep 60' },
    });
    setTimeout(() => controller.abort(reason), 200);
    await assert.rejects(take(source, { signal: controller.signal }), reason);
    assertRunsAgain(['stop', 'start']);
  });

  test('an abort during the stop starts the service', async () => {
    const reason = new Error('interrupted');
    const controller = new AbortController();
    const source = service.open({ options: { stop: service.call('stop', 'echo stopped > state; exec sleep 60') } });
    setTimeout(() => controller.abort(reason), 200);
    await assert.rejects(take(source, { signal: controller.signal }), reason);
    assertRunsAgain(['stop', 'start']);
  });

  test('a stop that fails captures nothing, and what it has stopped is started', async () => {
    const source = service.open({
      options: { stop: service.call('stop', 'echo stopped > state; echo "no such unit" >&2; exit 4') },
      of: { backup: service.call('capture', 'true') },
    });
    await assert.rejects(take(source), failure('source.failed', /stop command.*exit code 4: no such unit/));
    assertRunsAgain(['stop', 'start']);
  });

  test('a stop that hangs is ended at its time-out, and the service is started', async () => {
    const stop = service.call('stop', 'echo stopped > state; exec sleep 60');
    const source = service.open({ options: { stop, timeouts: { stop: '300ms' } } });
    await assert.rejects(take(source), failure('source.failed', /stop command.*did not end within 300 ms/));
    assertRunsAgain(['stop', 'start']);
  });
});

describe('starting', () => {
  const failing = (times: number) =>
    service.call('start', `[ "$(grep -c start calls)" -gt ${times} ] || exit 1; echo running > state`);

  test('a start that fails twice and then works is no failure', async () => {
    await take(service.open({ options: { start: failing(2) } }));
    assertRunsAgain(['stop', 'start', 'start', 'start']);
  });

  test('a start that never works fails the source loudly, with what to type, and stays remembered', async () => {
    const source = service.open({ options: { start: failing(99) } });
    await assert.rejects(
      take(source),
      failure('service.not-started', /IS NOT RUNNING[\s\S]*start it by hand now: echo/),
    );
    assert.equal(service.calls().filter((call) => call === 'start').length, 4);
    assert.ok(service.isRemembered());
  });

  test('why the capture failed is told beside a start that fails', async () => {
    const source = service.open({ options: { start: failing(99) }, of: { backup: 'true' } });
    await assert.rejects(take(source), failure('service.not-started', /before that: the output .* is empty/));
  });

  test('a start that fails after an abort is thrown, not swallowed', async () => {
    const source = service.open({ options: { start: failing(99) } });
    const attempt = async () => {
      await using _ = await source.read(readHow);
      throw new Error('interrupted');
    };
    await assert.rejects(attempt, (error) => {
      assert.ok(error instanceof SuppressedError);
      return failure('service.not-started', /IS NOT RUNNING/)(error.error);
    });
  });

  test('a start that hangs is ended and tried again', async () => {
    const start = service.call('start', '[ "$(grep -c start calls)" -gt 1 ] || exec sleep 60; echo running > state');
    await take(service.open({ options: { start, timeouts: { start: '300ms' } } }));
    assertRunsAgain(['stop', 'start', 'start']);
  });

  test('the service counts as started when its check says so', async () => {
    const start = service.call('start', 'echo starting > state; (sleep 0.4; echo running > state) >/dev/null 2>&1 &');
    const source = service.open({ options: { start, check: 'grep -q running state' } });
    const held = await take(source);
    assertRunsAgain(['stop', 'start']);
    assert.ok(held.facts.downtimeMs! >= 400);
  });

  test('a start that ends well without the service running is tried again, then a failure', async () => {
    const options = {
      start: service.call('start', 'true'),
      check: 'grep -q running state',
      timeouts: { start: '50ms' },
    };
    await assert.rejects(take(service.open({ options })), failure('service.not-started', /check command still fails/));
  });

  test('a start command that complains about a running service is no failure when the check passes', async () => {
    const stop = service.call('stop', 'exit 1');
    const start = service.call('start', 'echo "already running" >&2; exit 1');
    const source = service.open({ options: { stop, start, check: 'grep -q running state' } });
    await assert.rejects(take(source), failure('source.failed', /stop command/));
    assertRunsAgain(['stop', 'start']);
  });
});

describe('what a killed run left stopped', () => {
  const leave = () => {
    mkdirSync(join(service.folder, 'services'));
    writeFileSync(
      join(service.folder, 'services/rancher.json'),
      '{"source":"rancher","since":"2026-11-20T17:00:00.000Z"}',
    );
    writeFileSync(join(service.folder, 'state'), 'stopped\n');
  };

  test('is started first, with a warning that says since when', async () => {
    leave();
    const warnings: Warning[] = [];
    await take(service.open(), { warn: (warning) => warnings.push(warning) });
    assertRunsAgain(['start', 'stop', 'start']);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['service.left-stopped'],
    );
    assert.match(warnings[0]!.message, /stopped \(at 2026-11-20T17:00:00.000Z\); it was started now/);
  });

  test('is not started twice when it runs by now', async () => {
    leave();
    writeFileSync(join(service.folder, 'state'), 'running\n');
    const warnings: Warning[] = [];
    await take(service.open({ options: { check: 'grep -q running state' } }), { warn: (one) => warnings.push(one) });
    assertRunsAgain(['stop', 'start']);
    assert.match(warnings[0]!.message, /it runs again/);
  });

  test('and can not be started is a failure, and stays remembered', async () => {
    leave();
    const source = service.open({ options: { start: service.call('start', 'exit 1') } });
    await assert.rejects(take(source), failure('service.not-started', /IS NOT RUNNING/));
    assert.ok(!service.calls().includes('stop'));
    assert.ok(service.isRemembered());
  });

  test('is started also when its record is damaged', async () => {
    leave();
    writeFileSync(join(service.folder, 'services/rancher.json'), '');
    await take(service.open(), { warn: () => {} });
    assertRunsAgain(['start', 'stop', 'start']);
  });
});

test('a mere look stops nothing, and says what was left stopped', async () => {
  const warnings: Warning[] = [];
  const look = async () => {
    await using _ = await service.open().read({ signal, warn: (warning) => warnings.push(warning), look: true });
  };
  await look();
  assert.deepEqual([service.calls(), warnings], [[], []]);
  {
    await using _ = await service.open().read(readHow);
    await look();
  }
  assert.match(warnings[0]?.message ?? '', /the service is stopped, .*since 20/);
  assertRunsAgain(['stop', 'start']);
});

test('where it can not be remembered that the service is stopped, it is not stopped', async () => {
  writeFileSync(join(service.folder, 'services'), 'a file in the place of the folder');
  await assert.rejects(take(service.open()), failure('source.failed', /is left alone/));
  assert.deepEqual(service.calls(), []);
});

test('two readings take turns; another process that has it stopped is not waited for', async () => {
  const source = service.open({ of: { backup: 'sleep 0.1; cat state' } });
  const both = await Promise.all([take(source), take(source)]);
  assert.deepEqual(both.map(outputOf), ['stopped\n', 'stopped\n']);
  assertRunsAgain(['stop', 'start', 'stop', 'start']);

  await using _ = await source.read(readHow);
  await assert.rejects(take(service.open()), failure('run.busy', /another run/));
});

test('a turn that is waited for ends with the abort', async () => {
  const source = service.open();
  const reason = new Error('interrupted');
  const controller = new AbortController();
  {
    await using _ = await source.read(readHow);
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(source.read({ ...readHow, signal: controller.signal }), reason);
  }
  await take(source);
  assertRunsAgain(['stop', 'start', 'stop', 'start']);
});

describe('a restore', () => {
  const restoring = { backup: 'echo x', restore: 'cat state > seen; cat > restored' };

  test('in place happens while the service is stopped', async () => {
    const source = service.open({ of: restoring });
    const held = await take(source);
    await using from = restoreHeld(held);
    const report = await source.write(from, writeHow);
    assert.equal(readFileSync(join(service.folder, 'seen'), 'utf8'), 'stopped\n');
    assert.equal(readFileSync(join(service.folder, 'restored'), 'utf8'), 'x\n');
    assert.match(report.notes.join(), /the service was stopped for/);
    assertRunsAgain(['stop', 'start', 'stop', 'start']);
  });

  test('that fails is told after the service runs again', async () => {
    const source = service.open({ of: { ...restoring, restore: 'exit 6' } });
    const held = await take(source);
    await using from = restoreHeld(held);
    await assert.rejects(source.write(from, writeHow), failure('source.failed', /exit code 6/));
    assertRunsAgain(['stop', 'start', 'stop', 'start']);
  });

  test('to another place, or a dry run, leaves the service alone', async () => {
    mkdirSync(join(service.folder, 'data'));
    writeFileSync(join(service.folder, 'data/a.txt'), 'content');
    const options = filesOptions({ paths: ['data'] });
    const inside = openFiles({ name: 'rancher', host: 'here', options, baseDir: service.folder });
    const source = service.open({ of: inside });
    const held = await take(source);
    for (const how of [{ target: join(service.folder, 'target') }, { dryRun: true }]) {
      await using from = restoreHeld(held);
      await source.write(from, { ...writeHow, ...how });
    }
    assert.ok(existsSync(join(service.folder, 'target/data/a.txt')));
    assertRunsAgain(['stop', 'start']);
  });
});

test('options have defaults and refuse what they do not know', () => {
  const parsed = serviceOptions(serviceSchema.parse({ stop: 'a', start: ['b', 'c'] }));
  assert.deepEqual(parsed, {
    stop: 'a',
    start: ['b', 'c'],
    check: undefined,
    stopTimeoutMs: 120_000,
    startTimeoutMs: 120_000,
  });
  for (const wrong of [{ stop: 'a' }, { start: 'a' }, { stop: 'a', start: '' }, { stop: 'a', start: 'b', x: 1 }]) {
    assert.equal(serviceSchema.safeParse(wrong).success, false);
  }
});
