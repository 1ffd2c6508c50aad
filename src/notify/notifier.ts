/**
 * The port for telling people: takes a message to those whom the configuration names.
 *
 * What an adapter guarantees:
 * - `send` makes one attempt. It does not try again: whoever calls decides how often and how long (`persistent.ts`), by the `retry`
 *   of what was thrown.
 * - It ends. Every wait for the other side has a time-out of the adapter's own, and the signal ends it at once.
 * - Some recipients may be refused while others are served: that is a delivery with `refused`, not an error. It throws only when the
 *   message reached nobody.
 * - A delivery means that a server took the message on, no more: what it does with it later is told to the sender's mailbox.
 * - Sending a message again to somebody who has it is allowed but a nuisance, so a caller that tries again names in `only` those who
 *   are left. All attempts for one message carry the same id, so that mail programs show it once.
 * - Nothing is opened, resolved or loaded before the first `send`: neither the secret nor the client library.
 *
 * What the outside must guarantee: messages have no secrets in them. The adapter in turn puts its own secrets into no error, even
 * when a server repeats them in its answer.
 *
 * Error codes, all of them with a hint:
 * - `notify.unreachable`: the name of the server is not known, nothing listens there, or there is no way to it (retry later, except
 *   for an unknown name)
 * - `notify.timeout`: it did not answer in time (retry later)
 * - `notify.connection-lost`: it closed the connection in the middle (retry later)
 * - `notify.not-understood`: what answered does not speak the protocol
 * - `notify.tls-missing`: it offers no encryption, and without it nothing is sent
 * - `notify.tls-failed`: no encrypted connection came about
 * - `notify.certificate`: it could not prove who it is
 * - `notify.ca-unreadable`: the file with the authority for certificates could not be read
 * - `notify.login-refused`: user and password were not accepted, or it wants a login where there is none
 * - `notify.sender-refused`, `notify.recipient-refused`, `notify.message-refused`: it refused that part, for good
 * - `notify.try-later`: it refused for now, as servers do that keep unknown senders waiting (retry later)
 * - `notify.failed`: anything else
 * and those of fetching the secret, `config.secret-…`.
 */
import type { SuretyError } from '../base/errors.ts';

export interface Notifier {
  readonly traits: NotifierTraits;
  /** One attempt. Throws when the message reached nobody. */
  send(message: Message, how: SendHow): Promise<Delivery>;
}

export interface NotifierTraits {
  /** `email`. */
  readonly kind: string;
  /** For people, without secrets: `smtp.example.org:587`. */
  readonly location: string;
  /** Who gets the messages, as the adapter names them; at least one. */
  readonly recipients: readonly string[];
}

export interface Message {
  /** One line. */
  readonly subject: string;
  /** Plain text; ends with a line break. */
  readonly text: string;
  /** The same for every attempt; letters, digits, `.`, `_` and `-`. */
  readonly id: string;
}

export interface SendHow {
  readonly signal: AbortSignal;
  /** Of the recipients only these; default all. */
  readonly only?: readonly string[] | undefined;
}

export interface Delivery {
  /** What the other side said when it took the message. */
  readonly answer: string;
  readonly accepted: readonly string[];
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly recipient: string;
  readonly error: SuretyError;
}
