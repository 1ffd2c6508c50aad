/** An engine that adds backups and removes none, whoever asks. */
import { SuretyError } from '../base/errors.ts';
import type { Engine, PinBoard } from '../engines/engine.ts';

/**
 * `engine`, whose verbs that remove something throw `repository.append-only` before they ask the store for anything. What keeps something from
 * being removed elsewhere is not taken away either. Stale locks can be removed: they hold no backup.
 */
export function appendOnlyEngine(engine: Engine, name: string): Engine {
  const refuse = async (): Promise<never> => {
    throw new SuretyError('repository.append-only', `repository ${name} is append-only: nothing in it is removed`, {
      hint: 'do it with a configuration that has no append_only, from a machine whose credentials may delete',
    });
  };
  const refused: Partial<Record<keyof Engine, unknown>> = {
    traits: { ...engine.traits, appendOnly: true },
    forget: refuse,
    prune: (how: Parameters<Engine['prune']>[0]) => (how.dryRun ? engine.prune(how) : refuse()),
    rebuildIndex: refuse,
    heal:
      engine.heal && ((how: Parameters<NonNullable<Engine['heal']>>[0]) => (how.dryRun ? engine.heal!(how) : refuse())),
    keys: { ...engine.keys, remove: refuse, change: refuse },
    pins: engine.pins && withoutLifting(engine.pins, refuse),
  };
  return new Proxy(engine, {
    get(target, key) {
      if (Object.hasOwn(refused, key)) return refused[key as keyof Engine];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function withoutLifting(pins: PinBoard, refuse: () => Promise<never>): PinBoard {
  return {
    ...pins,
    add: (snapshot, document, how) => (document.type === 'unpin' ? refuse() : pins.add(snapshot, document, how)),
  };
}
