import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { activePins, type PinDocument, type PinMark, pinText, type UnpinDocument } from './pins.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const SNAPSHOT = { id: 'aa', time: new Date('2026-11-01T00:00:00Z'), host: 'h', source: 's', paths: ['/p'] };

function pin(name: string, until?: string, more: Partial<PinDocument> = {}): PinMark {
  const { id, ...told } = SNAPSHOT;
  const document: PinDocument = {
    ...{
      type: 'pin',
      at: NOW,
      by: 'anna@host',
      reason: 'audit',
      until: until === undefined ? undefined : new Date(until),
    },
    ...{ ...told, ...more },
  };
  return { name, snapshot: id, document };
}

function unpin(...lifts: readonly string[]): PinMark {
  const document: UnpinDocument = { type: 'unpin', at: new Date(0), by: 'bob@host', lifts };
  return { name: `un-${lifts.join()}`, snapshot: SNAPSHOT.id, document };
}

const held = (marks: readonly PinMark[], snapshots = [SNAPSHOT], now = NOW) =>
  [...activePins(marks, snapshots, now).values()].flat().map(({ name }) => name);

test('a pin holds until its time has come', () => {
  assert.deepEqual(held([pin('a', '2026-11-20T12:00:01Z'), pin('b', '2026-11-20T12:00:00Z'), pin('c')]), ['a', 'c']);
  assert.deepEqual(held([pin('a', '2026-11-20T12:00:01Z')], undefined, new Date(Number.NaN)), ['a']);
});

test('what lifts pins lifts those that it names, whenever it was written', () => {
  assert.deepEqual(held([unpin('a'), pin('a'), pin('b')]), ['b']);
});

test('what can not be read holds the snapshot whose folder it is in, until it is lifted by name', () => {
  const unreadable: PinMark = { name: 'x', snapshot: SNAPSHOT.id, document: undefined };
  const [active] = activePins([unreadable], [SNAPSHOT], NOW).get('aa') ?? [];
  assert.equal(pinText(active!), 'pinned, by a pin that can not be read');
  assert.deepEqual(held([unreadable, unpin('x')]), []);
  // What should have lifted it can not be read: nothing is lifted.
  assert.deepEqual(held([pin('a'), { ...unpin('a'), document: undefined }]), ['a', 'un-a']);
});

test('a snapshot that was written anew is held, others are not', () => {
  const renamed = { ...SNAPSHOT, id: 'bb' };
  assert.deepEqual([...activePins([pin('a')], [SNAPSHOT, renamed], NOW).keys()], ['aa', 'bb']);
  for (const other of [{ time: NOW }, { host: 'x' }, { source: 'x' }, { paths: ['/q'] }]) {
    assert.deepEqual(held([pin('a')], [{ ...renamed, ...other }]), []);
  }
});

test('until when, by whom and why is told', () => {
  const [active] = activePins([pin('a', '2027-01-31T08:00:00Z')], [SNAPSHOT], NOW).get('aa') ?? [];
  assert.equal(pinText(active!), 'pinned until 2027-01-31 08:00 UTC by anna@host: audit');
  assert.ok(pinText({ ...active!, reason: 'odd\u001b[31m\n' }).endsWith(': odd\\x1b[31m\\x0a'));
});

test('one mark more that lifts nothing never frees a snapshot', () => {
  const mark = fc.oneof(
    fc.constantFrom('a', 'b').map((name) => pin(name)),
    fc.constantFrom('a', 'b').map((name) => pin(name, '2026-11-19T00:00:00Z')),
    fc.constantFrom('a', 'b', 'c').map((name) => unpin(name)),
    fc.constantFrom('a', 'c').map((name): PinMark => ({ name, snapshot: 'aa', document: undefined })),
  );
  fc.assert(
    fc.property(fc.array(mark, { maxLength: 5 }), mark, (marks, more) => {
      if (more.document?.type === 'unpin') return;
      const after = held([...marks, more]);
      for (const name of held(marks)) assert.ok(after.includes(name));
    }),
  );
});
