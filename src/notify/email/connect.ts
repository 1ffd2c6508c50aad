import { connect, type Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';

interface Where {
  readonly host: string;
  readonly port: number;
}

/**
 * A connection to the server. Its name means what it means to every program of this machine, `/etc/hosts` included, also where there is no
 * name server; its addresses are tried in turn. Rejects with the system's own error, of code `ETIMEDOUT` when the time is over.
 */
export function connectTo({ host, port }: Where, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = addAbortSignal(signal, connect({ host, port, autoSelectFamily: true }));
    const late = Object.assign(new Error(`${host}:${port} did not answer`), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => socket.destroy(late), timeoutMs);
    const onError = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
