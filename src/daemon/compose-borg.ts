/** Opens and makes repositories of borg, on this machine or over SSH. */
import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { hostName, programVersion, systemTimeZone, userName } from '../base/environment.ts';
import { SSH_PROGRAM, SSH_VARIABLES, shellArguments } from '../base/ssh-command.ts';
import type { RepositoryOf } from '../config/config.ts';
import { expandHome } from '../config/paths.ts';
import { fetchSecret } from '../config/secrets.ts';
import type { StoreLocation } from '../config/store-location.ts';
import type { OpenOptions } from '../engines/borg/open.ts';
import type { BorgPlace } from '../engines/borg/place.ts';
import type { Engine } from '../engines/engine.ts';
import { openLocal } from '../reach/local.ts';
import { ratesAt } from '../rules/rate-windows.ts';
import type { EngineHow } from './engine-how.ts';

type BorgConfig = RepositoryOf<'borg'>;

const CONNECT_MS = 15_000;
const SILENT_MS = 60_000;

export async function openBorgEngine(config: BorgConfig, how: EngineHow): Promise<Engine> {
  const { openBorg } = await import('../engines/borg/open.ts');
  const options = await borgOptions(config, how);
  how.ahead?.begun();
  return await openBorg(options, how);
}

export async function initBorgEngine(config: BorgConfig, how: EngineHow): Promise<void> {
  const { initBorg } = await import('../engines/borg/open.ts');
  await initBorg(await borgOptions(config, how), how);
}

/** Fetches the password. Throws what is wrong with it. */
export async function borgOptions({ name, store, use, options }: BorgConfig, how: EngineHow): Promise<OpenOptions> {
  const { password, baseDir, cacheDir } = options;
  const folder = (path: string | undefined) => path && resolve(how.directory, expandHome(path));
  return {
    ...options,
    baseDir: folder(baseDir),
    cacheDir: folder(cacheDir),
    place: placeOf(store),
    reach: openLocal(),
    password: password && (await fetchSecret(password, { ...how, name: `password of repository ${name}` })),
    uploadRate: () => ratesAt(use.limit, systemClock.now(), systemTimeZone()).upload,
    ...{ host: hostName(), user: userName(), writer: `surety ${programVersion()}`, clock: systemClock },
  };
}

function placeOf(store: StoreLocation): BorgPlace {
  if (store.kind !== 'sftp') {
    const { path } = store.options as { readonly path: string };
    return { url: path, folder: path, shown: path, shell: undefined, env: {} };
  }
  const { host, user, port, path, identityFile, knownHosts, sshConfig, jump } = store.options;
  const name = host.includes(':') ? `[${host}]` : host;
  const account = user === undefined ? '' : `${user}@`;
  const at = port === undefined ? '' : `:${port}`;
  const url = `ssh://${account}${name}${at}${path.startsWith('/') ? path : `/~/${path}`}`;
  const target = { host, user, port, identityFile, knownHosts, configFile: sshConfig, jump };
  const times = {
    connectMs: store.options.connectTimeoutMs ?? CONNECT_MS,
    silentMs: store.options.idleTimeoutMs ?? SILENT_MS,
  };
  const shell = [SSH_PROGRAM, ...shellArguments(target, times, undefined)];
  return { url, folder: undefined, shown: url, shell, env: SSH_VARIABLES };
}
