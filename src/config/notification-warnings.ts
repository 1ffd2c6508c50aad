/** What `notifications` may say but is not wise, or does nothing. */
import type { Finding } from './explain.ts';
import { namesIn } from './references.ts';
import { valueAt } from './schema.ts';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

export function notificationWarnings(raw: unknown): Finding[] {
  const findings: Finding[] = [];
  const server = valueAt(raw, ['notifications', 'email', 'server']);
  const isOpen = valueAt(raw, ['notifications', 'email', 'security']) === 'none';
  if (isOpen && !LOOPBACK.test(String(server))) {
    const isLogin = valueAt(raw, ['notifications', 'email', 'password']) !== undefined;
    findings.push({
      path: ['notifications', 'email', 'security'],
      message: `everybody on the way to the server can read the messages${isLogin ? ' and the password' : ''}`,
      suggestion: 'use starttls or tls',
    });
  }
  if (valueAt(raw, ['notifications']) !== undefined) return findings;
  for (const job of namesIn(raw, 'jobs')) {
    const path = ['jobs', job, 'notify_on'];
    const suggestion = 'say in `notifications` who is told';
    if (valueAt(raw, path) !== undefined) findings.push({ path, at: 'key', message: 'nobody is told', suggestion });
  }
  return findings;
}
