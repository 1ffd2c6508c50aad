/** The JSON Schema of `surety.yaml`, for editors and for finding the keys that are known at a place. */
import * as z from 'zod';
import { documentSchema } from './document.ts';
import type { Path } from './locate.ts';

/** As much of JSON Schema as the configuration's schema uses. */
export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

let schema: JsonSchema | undefined;

/** JSON Schema draft 2020-12 of the configuration file. */
export function configJsonSchema(): JsonSchema {
  schema ??= z.toJSONSchema(documentSchema, { io: 'input' }) as JsonSchema;
  return schema;
}

/** The keys that may stand in the mapping at `path` of the document `raw`; empty where any may. */
export function knownKeys(raw: unknown, path: Path): string[] {
  let variants: JsonSchema[] = [configJsonSchema()];
  let value = raw;
  for (const step of path) {
    variants = matching(variants, value).flatMap((variant) => below(variant, step));
    value = childValue(value, step);
  }
  return [...new Set(matching(variants, value).flatMap((variant) => Object.keys(variant.properties ?? {})))];
}

/** The value at `path`, undefined where there is none. */
export function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(childValue, raw);
}

function childValue(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as Record<string | number, unknown>)[step];
}

/** Unions taken apart; of variants with a `type`, only the one that the value names. */
function matching(variants: readonly JsonSchema[], value: unknown): JsonSchema[] {
  const flat = variants.flatMap((variant) => [...(variant.anyOf ?? variant.oneOf ?? [variant])]);
  const kind = childValue(value, 'type');
  return flat.filter((variant) => {
    const type = variant.properties?.type?.const;
    return type === undefined || kind === undefined || type === kind;
  });
}

function below(variant: JsonSchema, step: string | number): JsonSchema[] {
  const property = variant.properties?.[step];
  if (property !== undefined) return [property];
  if (typeof step === 'number') return variant.items === undefined ? [] : [variant.items];
  return typeof variant.additionalProperties === 'object' ? [variant.additionalProperties] : [];
}
