import { type ErrorFacts, messageOf, type SuretyError, systemCode } from '../../base/errors.ts';

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_UNTRUSTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
]);
const CUT = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNABORTED', 'ERR_SSL_BAD_RECORD_TYPE']);
const UNREACHABLE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'EHOSTDOWN']);

type Say = (code: string, problem: string, facts?: ErrorFacts) => SuretyError;

/** The port's error for a connection that could not be made or broke off; undefined for anything else. */
export function networkFailure(error: unknown, say: Say): SuretyError | undefined {
  const code = systemCode(error) ?? '';
  const message = messageOf(error);
  if (UNTRUSTED.has(code)) {
    return say('untrusted', `its certificate is not one that is trusted (${code})`, {
      hint: 'for a certificate of your own authority set ca_file',
    });
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const when = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    return say('untrusted', `its certificate ${when}`, { hint: 'renew it there, or check the clock of this machine' });
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const hint = 'use the name that the certificate has, and path_style: true if the bucket came before it';
    return say('untrusted', 'its certificate is for another name', { hint });
  }
  if (code === 'EPROTO' || /WRONG_VERSION_NUMBER|ERR_SSL_/.test(code)) {
    return say('failed', `no TLS connection could be made (${code})`, {
      hint: 'does the endpoint begin with http:// and not with https://?',
    });
  }
  const later = (problem: string, hint?: string) => say('unavailable', problem, { retry: 'later', hint });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const host = (error as { readonly hostname?: unknown }).hostname;
    return later(`the name ${String(host)} is not known`, 'check the endpoint and the network; maybe path_style: true');
  }
  if (code === 'ECONNREFUSED') return later('nobody answers there (connection refused)', 'check endpoint and port');
  if (CUT.has(code) || /socket hang up|^aborted$/.test(message)) return later('the connection was cut');
  if (UNREACHABLE.has(code)) return later(`there is no way to it (${code})`, 'check the network');
  if (code === 'ETIMEDOUT' || (error instanceof Error && error.name === 'TimeoutError')) {
    return later('nothing moved for too long', 'check the network and the endpoint');
  }
  return undefined;
}
