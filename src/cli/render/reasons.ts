/** Why a snapshot stays or goes, for a column of a table: what several jobs say is said once, in lines that fit. */

/** Characters of one line. */
const WIDTH = 64;
/** Begins of reasons that have a colon of their own. In any other, what stands before the first one is a job. */
const OWN_COLON =
  /^(?:(?:oldest )?(?:last|hourly|daily|weekly|monthly|yearly|within|tag)\b|nothing is removed$|pinned\b)/;
/** The warning of the report has all of the message. */
const LAST_FAILED = /^(nothing is removed: its last backup, of \S+, failed): .*$/s;

/** `reasons` are those of `rules/retention.ts`, each with `JOB: ` before it where several jobs decide. */
export function reasonLines(reasons: readonly string[]): string[] {
  const jobsOf = new Map<string, string[]>();
  for (const reason of reasons) {
    const { job, said } = split(reason);
    const short = said.replace(LAST_FAILED, '$1');
    jobsOf.set(short, [...(jobsOf.get(short) ?? []), ...(job === undefined ? [] : [job])]);
  }
  const saidBy = new Map<string, string[]>();
  for (const [said, jobs] of jobsOf) {
    const names = jobs.join(', ');
    saidBy.set(names, [...(saidBy.get(names) ?? []), said]);
  }
  return [...saidBy].flatMap(([jobs, said]) => wrapped([...(jobs === '' ? [] : [`${jobs}:`]), ...separated(said)]));
}

function split(reason: string): { readonly job: string | undefined; readonly said: string } {
  const at = reason.indexOf(': ');
  if (at < 0 || OWN_COLON.test(reason.slice(0, at))) return { job: undefined, said: reason };
  return { job: reason.slice(0, at), said: reason.slice(at + 2) };
}

function separated(said: readonly string[]): string[] {
  return said.map((one, at) => (at === said.length - 1 ? one : `${one};`));
}

/** Parts are never broken, but stand alone where they are too long. */
function wrapped(parts: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of parts) {
    if (line !== '' && line.length + 1 + part.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? part : `${line} ${part}`;
  }
  return [...lines, line];
}
