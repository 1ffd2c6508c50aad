/** What is wrong with the certificate of a server, from the codes of Node. */
import type { SmtpFailure, Translation } from './failure.ts';

const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
];

/** Undefined when the failure is about something else. */
export function certificateProblem(
  { code, originalCode, message = '' }: SmtpFailure,
  { options }: Pick<Translation, 'options'>,
): readonly [code: string, what: string, hint: string] | undefined {
  const is = (wanted: string) => code === wanted || originalCode === wanted;
  if (is('ERR_TLS_CERT_ALTNAME_INVALID') || message.includes("does not match certificate's altnames")) {
    return [
      'notify.certificate',
      `has a certificate for another name than ${options.server}`,
      'write the name in `server` that the certificate is for',
    ];
  }
  if (is('CERT_HAS_EXPIRED') || message.includes('certificate has expired')) {
    return [
      'notify.certificate',
      'has a certificate that has expired',
      'have it renewed, or correct the clock of this machine',
    ];
  }
  if (UNTRUSTED.some(is) || /self[- ]signed certificate|unable to (?:verify|get)/.test(message)) {
    const where =
      options.caFile === undefined
        ? 'name that authority in `ca_file` of notifications.email'
        : 'look whether `ca_file` is the authority it is from';
    return ['notify.certificate', 'has a certificate from an authority that is not trusted', where];
  }
  return undefined;
}
