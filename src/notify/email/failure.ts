/** A failure to send as the client library tells it. */
import type { Secret } from '../../base/secret.ts';
import type { EmailOptions } from './options.ts';

/** What nodemailer throws. Its message may repeat what the server said, and that anything that was sent. */
export interface SmtpFailure {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly originalCode?: string | undefined;
  readonly recipient?: string | undefined;
}

export interface Translation {
  /** `smtp.example.org:587`. */
  readonly location: string;
  readonly options: Pick<EmailOptions, 'server' | 'security' | 'login' | 'caFile'>;
  /** What no text may have in it. */
  readonly password: Secret | undefined;
}
