import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupSeries, seriesKey } from './series.ts';

test('snapshots of one source, host and set of paths are one series', () => {
  const member = (source: string, host: string, ...paths: string[]) => ({ source, host, paths });
  const members = [
    member('media', 'main', '/a', '/b'),
    member('media', 'main', '/b', '/a'),
    member('media', 'other', '/a', '/b'),
    member('', 'main', '/a', '/b'),
    member('media', 'main', '/a'),
    member('media', 'main', '/a', '/b'),
  ];
  const series = groupSeries(members);
  assert.deepEqual(
    series.map(({ source, host, members }) => [source, host, members.length]),
    [
      ['media', 'main', 3],
      ['media', 'other', 1],
      ['', 'main', 1],
      ['media', 'main', 1],
    ],
  );
  assert.equal(series[0]?.key, seriesKey(member('media', 'main', '/b', '/a')));
});

test('names that contain separators do not run into each other', () => {
  assert.notEqual(
    seriesKey({ source: 'a', host: 'b,c', paths: [] }),
    seriesKey({ source: 'a,b', host: 'c', paths: [] }),
  );
});
