import { type ErrorFacts, messageOf, type SuretyError } from '../base/errors.ts';

/** Makes an error of the port: its code without `store.`, and what was wrong. */
export type Say = (code: string, problem: string, facts?: ErrorFacts) => SuretyError;

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

/**
 * The port's error for a connection that could not be made or broke off; undefined for anything else. Clients put the native error
 * below their own: the first system code on the way down counts.
 */
export function networkFailure(error: unknown, say: Say): SuretyError | undefined {
  const { code, message } = nativeOf(error);
  return certificateFailure(code, say) ?? connectionFailure(code, message, say);
}

function certificateFailure(code: string, say: Say): SuretyError | undefined {
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
    return say('untrusted', 'its certificate is for another name', { hint: 'use the name that the certificate has' });
  }
  if (code === 'EPROTO' || /WRONG_VERSION_NUMBER|ERR_SSL_/.test(code)) {
    return say('failed', `no TLS connection could be made (${code})`, {
      hint: 'does the endpoint begin with http:// and not with https://?',
    });
  }
  return undefined;
}

function connectionFailure(code: string, message: string, say: Say): SuretyError | undefined {
  const later = (problem: string, hint?: string) => say('unavailable', problem, { retry: 'later', hint });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const host = /(?:ENOTFOUND|EAI_AGAIN) (\S+)/.exec(message)?.[1];
    return later(`the name ${host ?? 'of its host'} is not known`, 'check the endpoint and the network');
  }
  if (code === 'ECONNREFUSED') return later('nobody answers there (connection refused)', 'check endpoint and port');
  if (CUT.has(code) || /socket hang up|^aborted$|^terminated$|premature close/i.test(message)) {
    return later('the connection was cut');
  }
  if (UNREACHABLE.has(code)) return later(`there is no way to it (${code})`, 'check the network');
  if (code === 'ETIMEDOUT') return later('nothing moved for too long', 'check the network and the endpoint');
  return undefined;
}

function nativeOf(error: unknown): { readonly code: string; readonly message: string } {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string' && /^(E[A-Z]|ERR_|CERT_|UNABLE_|SELF_|DEPTH_|INVALID_(CA|PURPOSE))/.test(code)) {
      return { code, message: at.message };
    }
  }
  return { code: '', message: messageOf(error) };
}
