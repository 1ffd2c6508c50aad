/** How a command in a container ended, as the cluster says, and what is to be told of it. */
import { SuretyError } from '../../base/errors.ts';
import type { FarFailureFacts } from '../far-channel.ts';
import { saidIn, withoutCredentials } from './explain.ts';

export interface Ending {
  /** Undefined: it could not be run. */
  readonly code: number | undefined;
  readonly message: string;
  /** By a signal that nobody here sent. */
  readonly isKilled: boolean;
}

/** Of a `Status` object: `Success`, or `Failure` with the exit code among its causes. */
export function endingOf(bytes: Uint8Array): Ending {
  const status = parsed(bytes);
  const message = saidIn(status);
  if (status.status === 'Success') return { code: 0, message, isKilled: false };
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  const code = cause === undefined ? undefined : Number(cause.message);
  return { code, message, isKilled: code === 137 || code === 143 };
}

interface StatusObject {
  readonly status?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function parsed(bytes: Uint8Array): StatusObject {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : { message: text };
  } catch {
    return { message: text };
  }
}

export interface EndingFacts {
  readonly ending: Ending | undefined;
  /** Why the connection was lost. */
  readonly lost: string | undefined;
  /** What became of the container. */
  readonly fate: string | undefined;
}

/** Why a command ended without its shell saying so. */
export function endingFailure(
  { ending, lost, fate }: EndingFacts,
  facts: FarFailureFacts,
  location: string,
): SuretyError {
  const said = ending?.message ?? '';
  const noShell =
    ending !== undefined &&
    !facts.started &&
    (ending.code === 127 || /executable file not found|no such file/i.test(said));
  if (noShell) {
    return new SuretyError('reach.not-found', `there is no shell in the container of ${location}`, {
      hint: 'Surety needs sh there: choose another container of the pod, or another pod that mounts the same volume',
    });
  }
  if (fate !== undefined) {
    return new SuretyError('reach.unreachable', `the command on ${location} was ended: ${fate}`, { retry: 'later' });
  }
  if (ending !== undefined && ending.code === undefined) {
    return new SuretyError('reach.unreachable', `the command on ${location} could not be run: ${said}`, {
      retry: 'later',
    });
  }
  if (ending !== undefined) {
    const words = withoutCredentials(facts.words.trim().split('\n').at(-1) ?? '');
    const message = `the command on ${location} ended with code ${ending.code} without saying how its program ended`;
    const hint = 'was it killed, for want of memory perhaps? `kubectl describe pod` tells';
    return new SuretyError('reach.unreachable', words === '' ? message : `${message}: ${words}`, {
      hint,
      retry: 'later',
    });
  }
  const why = lost === undefined ? '' : `: ${withoutCredentials(lost)}`;
  const what = facts.started ? 'broke off' : 'was lost before the command began';
  return new SuretyError('reach.unreachable', `the connection to ${location} ${what}${why}`, { retry: 'later' });
}
