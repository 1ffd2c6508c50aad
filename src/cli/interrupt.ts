/** Ctrl-C and SIGTERM: the first asks the run to end cleanly, the second ends the process. */
import { SuretyError } from '../base/errors.ts';
import type { Terminal } from './terminal.ts';

export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Begins to listen; disposing gives the signals back to the system. */
export function abortOnSignals(terminal: Terminal): Interrupt {
  const controller = new AbortController();
  const release = () => {
    for (const name of SIGNALS) process.off(name, onSignal);
  };
  function onSignal(name: NodeJS.Signals): void {
    if (controller.signal.aborted) {
      release();
      // Without a listener the signal does what it does by itself: it ends the process.
      process.kill(process.pid, name);
      return;
    }
    terminal.err('\nsurety: interrupted; ending cleanly (once more ends at once)\n');
    controller.abort(new SuretyError('run.interrupted', 'interrupted'));
  }
  for (const name of SIGNALS) process.on(name, onSignal);
  return { signal: controller.signal, [Symbol.dispose]: release };
}
