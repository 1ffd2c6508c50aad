/** What a person reads of `surety list`. */
import { shortId } from '../base/short-id.ts';
import type { ListReport, RepositoryListing } from '../operations/list.ts';
import { age, count, firstOf, localTime, size, state, table } from './render.ts';
import { errorBelow } from './render-error.ts';

interface ListTextHow {
  readonly now: Date;
  readonly colors: boolean;
}

export function listText({ repositories }: ListReport, how: ListTextHow): string {
  return repositories.map((one) => repositoryText(one, how)).join('\n');
}

function repositoryText(listing: RepositoryListing, how: ListTextHow): string {
  const title = `${listing.repository} (${listing.kind}, ${listing.location})\n`;
  if (listing.error !== undefined)
    return `${title}  ${state('failed', how.colors)}\n${errorBelow(listing.error, '  ')}`;
  const unreadable = listing.unreadable.map(({ id, error }) => `unreadable: ${shortId(id)}: ${error.message}`);
  return title + snapshotTable(listing, how) + firstOf(unreadable, unreadable.length, '  ');
}

function snapshotTable({ snapshots, points }: RepositoryListing, { now }: ListTextHow): string {
  if (snapshots.length === 0) return '  no snapshots\n';
  const incomplete = new Set(points.filter((point) => !point.complete).map((point) => point.id));
  const rows = snapshots.map((snapshot) => [
    shortId(snapshot.id),
    localTime(snapshot.time),
    age(snapshot.time, now),
    snapshot.source === '' ? `(${snapshot.program === '' ? 'another program' : snapshot.program})` : snapshot.source,
    snapshot.host,
    size(snapshot.stats?.sizeBytes),
    snapshot.recoveryPoint + (incomplete.has(snapshot.recoveryPoint) ? ' (incomplete)' : ''),
  ]);
  const columns = [
    { title: 'ID' },
    { title: 'Time' },
    { title: 'Age' },
    { title: 'Source' },
    { title: 'Host' },
    { title: 'Size', align: 'right' as const },
    { title: 'Recovery point' },
  ];
  return `${table(columns, rows, '  ')}  ${count(snapshots.length, 'snapshot')}\n`;
}
