/** Services that are stopped while a source is read. */
import { join } from 'node:path';
import { SuretyError } from '../base/errors.ts';
import type { Config, ServiceSource } from '../config/config.ts';
import type { ServiceSetup } from '../sources/service/stoppable.ts';
import { type Hosts, isHere } from './compose-host.ts';
import { lockRun } from './run-lock.ts';
import { stateFolder } from './state-folder.ts';

/** What is known of a service besides the source that is read while it is stopped. */
export async function serviceSetup(source: ServiceSource, config: Config, hosts: Hosts): Promise<ServiceSetup> {
  const { name, host, options } = source;
  const folder = join(stateFolder(config.file), 'services');
  return {
    ...{ name, options, baseDir: isHere(host) ? config.directory : undefined, reach: await hosts.reach(host) },
    recordFile: join(folder, `${name}.json`),
    lock: () => lockRun(folder, name),
  };
}

/** A service that a killed run left stopped. */
export interface LeftService {
  readonly source: string;
  /** What was done about it. */
  readonly message: string;
  /** Set when it could not be started. */
  readonly error: SuretyError | undefined;
}

/** Starts all services that killed runs left stopped. */
export async function startLeftServices(config: Config, hosts: Hosts): Promise<LeftService[]> {
  const services = config.sources.flatMap((source) => (source.kind === 'service' ? [source] : []));
  if (services.length === 0) return [];
  const { startIfLeft } = await import('../sources/service/open.ts');
  const found: LeftService[] = [];
  for (const service of services) {
    const source = service.name;
    try {
      const message = await startIfLeft(await serviceSetup(service, config, hosts));
      if (message !== undefined) found.push({ source, message, error: undefined });
    } catch (error) {
      if (!(error instanceof SuretyError)) throw error;
      found.push({ source, message: error.message, error });
    }
  }
  return found;
}
