import { utcStamp } from '../../../base/clock.ts';
import { SuretyError } from '../../../base/errors.ts';
import { runScript, valuesOf } from '../../far-script.ts';
import { lockThere } from './copy.ts';
import { aboutFar, explainFar, type FarDatabase } from './database.ts';
import type { FarPlace } from './look.ts';
import { expectNoUsers, LIST_USERS, lockPattern } from './users.ts';

const LOCK_SUFFIX = '.surety-restore-swap';

/**
 * The old database gets its second name first, then the new one is renamed over it: at every moment the whole old one or the whole new one
 * is there, also when the connection breaks. One at a time: a link beside the database is the lock, where there can be links; one that is an hour old is nobody's. In its answer, `users`, `taken` and `unmerged` say why nothing was done.
 */
const SWAP = `${LIST_USERS}
trap '' HUP INT TERM PIPE
restored=$1 path=$2 kept=$3 readable=$4 locks=$5
flush() { sync "$1" 2>/dev/null || sync; }
spent() { [ ! -s "$1" ] || [ -z "$(head -c 8 "$1" | tr -d '\\0')" ]; }
lock=$path${LOCK_SUFFIX}
if ! ln -s -- "$$" "$lock" 2>/dev/null; then
  if [ -L "$lock" ] && [ -n "$(find "$lock" -prune -mmin +60 2>/dev/null)" ]; then rm -f -- "$lock"; fi
  if ! ln -s -- "$$" "$lock" 2>/dev/null; then
    if [ -L "$lock" ]; then printf 'taken %s\\n' "$lock"; exit 0; fi
    lock=
  fi
fi
(
for suffix in '' -wal -shm -journal; do
  if [ -e "$kept$suffix" ]; then printf 'taken %s\\n' "$kept$suffix"; exit 0; fi
done
flush "$restored"
aside=
if [ -e "$path" ]; then
  for other in "$path".before-restore-*; do
    if [ "$other" -ef "$path" ] && [ ! -L "$other" ]; then rm -f -- "$other"; fi
  done
  users=$(list_users "$path" "$locks")
  if [ -n "$users" ]; then printf '%s\\n' "$users"; exit 0; fi
  if [ "$readable" = 1 ]; then
    for suffix in -wal -journal; do
      if [ -e "$path$suffix" ] && ! spent "$path$suffix"; then printf 'unmerged %s\\n' "$path$suffix"; exit 0; fi
    done
    rm -f -- "$path-wal" "$path-shm" "$path-journal" || exit 1
  else
    aside=yes
  fi
  ln -- "$path" "$kept" 2>/dev/null || mv -- "$path" "$kept" || exit 1
  moved=$kept
else
  aside=yes moved=
fi
if [ -n "$aside" ]; then
  for suffix in -wal -shm -journal; do
    if [ -e "$path$suffix" ]; then mv -- "$path$suffix" "$kept$suffix" || exit 1; moved=$kept; fi
  done
fi
if ! mv -f -- "$restored" "$path"; then
  if [ -n "$moved" ]; then
    for suffix in '' -wal -shm -journal; do
      if [ -e "$kept$suffix" ]; then mv -f -- "$kept$suffix" "$path$suffix"; fi
    done
    if [ "$path" -ef "$kept" ]; then rm -f -- "$kept"; fi
  fi
  exit 1
fi
flush "\${path%/*}"
[ -z "$moved" ] || printf 'kept %s\\n' "$moved"
)
code=$?
[ -z "$lock" ] || rm -f -- "$lock"
exit $code
`;

/**
 * Puts the finished file `restored` in the place of the database. Returns the name under which what was there is kept, or undefined when there was
 * nothing. Throws `source.locked` and `target.*`.
 */
export async function swapThere(
  database: FarDatabase,
  place: FarPlace,
  restored: string,
  how: { readonly signal: AbortSignal; readonly now: Date },
): Promise<string | undefined> {
  const { signal, now } = how;
  const about = aboutFar(database, place.path);
  const doing = `swap of database ${database.source}`;
  const readable = place.file !== undefined && (await lockThere(database, place.tools, place.real, signal));
  const kept = `${place.real}.before-restore-${utcStamp(now)}`;
  const args = [restored, place.real, kept, readable ? '1' : '0', lockPattern(place.file)];
  const explain = explainFar(about, doing);
  const answer = valuesOf(await runScript(database.reach, SWAP, args, { signal, doing, explain }));
  expectNoUsers(about, answer.get('user') ?? []);
  const details = { source: about.source, path: about.path };
  const [taken] = answer.get('taken') ?? [];
  if (taken !== undefined) {
    throw new SuretyError('target.exists', `${taken} exists on ${database.reach.traits.host}`, {
      hint: taken.endsWith(LOCK_SUFFIX)
        ? 'another restore puts its database in place there; where none does, one was killed: remove that link and restore again'
        : 'another restore ended in this very second: wait a moment and restore again',
      retry: 'later',
      details,
    });
  }
  const [unmerged] = answer.get('unmerged') ?? [];
  if (unmerged !== undefined) {
    throw new SuretyError(
      'target.failed',
      `what is only in ${unmerged} can not be merged into database ${about.source}`,
      {
        hint: 'stop what uses the database and make room on its disk, then restore again',
        details,
      },
    );
  }
  return answer.get('kept')?.[0];
}
