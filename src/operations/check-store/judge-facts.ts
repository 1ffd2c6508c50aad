import type { StoreFacts } from '../../stores/store.ts';
import { ok, type StoreFinding, warning } from './finding.ts';

/** What the service says about itself, as findings. */
export function describeFindings(facts: StoreFacts | undefined): StoreFinding[] {
  if (facts === undefined) return [];
  const findings: StoreFinding[] = [];
  if (facts.versioning !== undefined) findings.push({ what: 'versioning', ...ok(VERSIONING[facts.versioning]) });
  if (facts.softDeleteDays !== undefined) {
    findings.push({
      what: 'soft delete',
      ...ok(`what was deleted can be brought back for ${facts.softDeleteDays} days`),
    });
  }
  if (facts.defaultRetention !== undefined) {
    const hint = 'what this check writes stays until then: it writes only a few small bodies and one of 8 MiB';
    const detail = `the bucket locks everything that is written: ${facts.defaultRetention}`;
    findings.push({ what: 'default retention', ...warning(detail, hint) });
  }
  for (const [name, value] of Object.entries(facts.details)) findings.push({ what: name, ...ok(value) });
  return findings;
}

const VERSIONING = {
  on: 'on: what is deleted or replaced stays as an older version, and takes room',
  off: 'off: what is deleted is gone',
  suspended: 'suspended: older versions are still there, new ones are not made',
} as const;
