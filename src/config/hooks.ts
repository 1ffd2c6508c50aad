/** Hooks as they stand in the configuration. */
import * as z from 'zod';
import { commandLineValue } from '../base/command-line.ts';
import { durationValue } from '../base/option-values.ts';
import { shownWorkload, workloadValue } from '../base/workload.ts';
import { HOOK_TIMEOUT_MS, type Hook, type HookSet, isScaling } from '../rules/hook.ts';

const terms = {
  run: commandLineValue.optional(),
  scale: workloadValue.describe('statefulset/NAME or deployment/NAME in the cluster of a Kubernetes host').optional(),
  to: z
    .int()
    .min(0)
    .max(10_000)
    .describe('how many pods it is to have; after the run it gets back what it had')
    .optional(),
  host: z.string().min(1).describe('the Kubernetes host with the cluster; default: the host of the source').optional(),
  timeout: durationValue.describe('how long it may take; default 5m').optional(),
  on_failure: z.enum(['abort', 'warn']).describe('whether its failure ends what it belongs to').optional(),
};
const when = z.enum(['always', 'success', 'failure']).describe('after which endings it runs; default always');

const before = z.union([...commandLineValue.options, z.strictObject(terms).superRefine(checkKind)]);
const after = z.union([
  ...commandLineValue.options,
  z.strictObject({ ...terms, when: when.optional() }).superRefine(checkKind),
]);

/** Of a job or of a source. */
export const hooksSchema = z.strictObject({
  before: z.array(before).describe('what to run before it; the first failure ends it').optional(),
  after: z.array(after).describe('what to run after it, however it ended').optional(),
});

type RawHooks = z.output<typeof hooksSchema>;
type RawHook = z.output<typeof after>;

/**
 * The hooks with their defaults: a `before` hook that fails ends what it belongs to, an `after` hook makes a warning. What a `before` hook scales is
 * scaled back before any other `after` hook runs; that it stays scaled is no mere warning.
 */
export function hooksOf(raw: RawHooks | undefined): HookSet {
  const before = raw?.before?.map((hook) => hookOf(hook, 'abort')) ?? [];
  const after = raw?.after?.map((hook) => hookOf(hook, 'warn')) ?? [];
  const own = after.filter(isScaling).map(placeOf);
  const scaled = before.filter(isScaling).filter((hook) => !own.includes(placeOf(hook)));
  const back = scaled.toReversed().map((hook): Hook => ({ ...hook, to: 'former', onFailure: 'abort', when: 'always' }));
  return { before, after: [...back, ...after] };
}

function placeOf({
  scale: workload,
  host = '',
}: {
  readonly scale: Parameters<typeof shownWorkload>[0];
  readonly host: string | undefined;
}): string {
  return `${host} ${shownWorkload(workload)}`;
}

function hookOf(raw: RawHook, onFailure: Hook['onFailure']): Hook {
  const long = typeof raw === 'string' || Array.isArray(raw) ? { run: raw } : (raw as LongHook);
  const { run, scale, to = 0, host, timeout = HOOK_TIMEOUT_MS, on_failure = onFailure, when: due = 'always' } = long;
  const terms = { timeoutMs: timeout, onFailure: on_failure, when: due };
  return scale === undefined ? { run: run!, ...terms } : { scale, to, host, ...terms };
}

type LongHook = Partial<Exclude<RawHook, string | string[]>>;

/** A hook is a command or scales something. */
function checkKind(raw: z.output<z.ZodObject<typeof terms>>, context: z.RefinementCtx): void {
  const complain = (key: string, message: string): void => {
    context.addIssue({ code: 'custom', path: key in raw ? [key] : [], message });
  };
  if ((raw.run === undefined) === (raw.scale === undefined)) complain('scale', 'a hook has either `run` or `scale`');
  else if (raw.scale === undefined && (raw.to ?? raw.host) !== undefined) {
    complain(raw.to === undefined ? 'host' : 'to', 'this goes with `scale`');
  } else if (raw.scale !== undefined && raw.to === undefined) complain('to', '`scale` needs `to`: how many pods');
}
