/** Hooks as they stand in the configuration. */
import { z } from 'zod';
import { commandLineValue } from '../base/command-line.ts';
import { durationValue } from '../base/option-values.ts';
import { HOOK_TIMEOUT_MS, type Hook, type HookSet } from '../rules/hook.ts';

const longHook = {
  run: commandLineValue,
  timeout: durationValue.describe('how long it may take; default 5m').optional(),
  on_failure: z.enum(['abort', 'warn']).describe('whether its failure ends what it belongs to').optional(),
};
const when = z.enum(['always', 'success', 'failure']).describe('after which endings it runs; default always');

const before = z.union([...commandLineValue.options, z.strictObject(longHook)]);
const after = z.union([...commandLineValue.options, z.strictObject({ ...longHook, when: when.optional() })]);

/** Of a job or of a source. */
export const hooksSchema = z.strictObject({
  before: z.array(before).describe('what to run before it; the first failure ends it').optional(),
  after: z.array(after).describe('what to run after it, however it ended').optional(),
});

type RawHooks = z.output<typeof hooksSchema>;
type RawHook = z.output<typeof after>;

/** The hooks with their defaults: a `before` hook that fails ends what it belongs to, an `after` hook makes a warning. */
export function hooksOf(raw: RawHooks | undefined): HookSet {
  return {
    before: raw?.before?.map((hook) => hookOf(hook, 'abort')) ?? [],
    after: raw?.after?.map((hook) => hookOf(hook, 'warn')) ?? [],
  };
}

function hookOf(raw: RawHook, onFailure: Hook['onFailure']): Hook {
  const long =
    typeof raw === 'string' || Array.isArray(raw) ? { run: raw } : (raw as Exclude<RawHook, string | string[]>);
  const { run, timeout = HOOK_TIMEOUT_MS, on_failure = onFailure } = long;
  const { when: due = 'always' } = 'when' in long ? long : {};
  return { run, timeoutMs: timeout, onFailure: on_failure, when: due };
}
