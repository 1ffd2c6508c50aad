/** One thing that was looked at. */
export interface StoreFinding {
  /** `access`, `conditional writes`, `promise: …`. */
  readonly what: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  readonly hint: string | undefined;
}

export type Found = Omit<StoreFinding, 'what'>;

export function ok(detail: string): Found {
  return { status: 'ok', detail, hint: undefined };
}

export function skipped(detail: string): Found {
  return { status: 'skipped', detail, hint: undefined };
}

export function warning(detail: string, hint: string | undefined): Found {
  return { status: 'warning', detail, hint };
}

export function failed(detail: string, hint: string | undefined): Found {
  return { status: 'failed', detail, hint };
}
