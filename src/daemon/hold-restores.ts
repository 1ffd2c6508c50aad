/** An engine whose snapshots are held while they are restored, so that no cleanup removes them meanwhile. */
import type { Engine } from '../engines/engine.ts';

/** `engine`, with `hold` called for each snapshot that a restore begins with; what it returns is disposed of at the restore's end. */
export function holdRestores(engine: Engine, hold: (snapshot: string) => Disposable): Engine {
  const restore: Engine['restore'] = async (snapshot, how) => {
    const held = hold(snapshot.id);
    try {
      const restoring = await engine.restore(snapshot, how);
      const end = async () => {
        held[Symbol.dispose]();
        await restoring[Symbol.asyncDispose]();
      };
      return replaced(restoring, Symbol.asyncDispose, end);
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  };
  return replaced(engine, 'restore', restore);
}

/** The same object with one method in the place of its own, whatever class it is of. */
function replaced<Inner extends object, Key extends keyof Inner>(inner: Inner, key: Key, method: Inner[Key]): Inner {
  return new Proxy(inner, {
    get(target, name) {
      if (name === key) return method;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
