/** A folder for a dump of format directory, where the client programs run. It goes when it is disposed of. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { compareNames } from '../../base/names.ts';
import { openPrivateFolder } from '../../base/private-folder.ts';
import { temporaryFailure } from '../../base/temporary-failure.ts';
import { openFarFolder } from '../far-folder.ts';
import { runScript, scriptArgv } from '../far-script.ts';
import type { Content } from '../source.ts';
import { runTool, type ToolHow, toolOutput } from '../tool.ts';
import { explainer } from './postgres-error.ts';
import type { Server } from './server.ts';

export interface DumpFolder extends AsyncDisposable {
  /** Absolute, on the host of the programs. */
  readonly path: string;
  /** Of this machine, which can look into it; undefined: it is on another host. */
  readonly isHere: boolean;
  /** What is in the folder `name` in it, by name. */
  files(name: string): Promise<readonly DumpedFile[]>;
  /** The content of one of these files. */
  content(path: string, signal: AbortSignal): Content;
  /** Makes a file in it. Only for another host: here, engines do that by themselves. */
  put(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

export interface DumpedFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface DumpFolderHow {
  readonly signal: AbortSignal;
  readonly doing: string;
  readonly side: 'source' | 'target';
}

export async function openDumpFolder(server: Server, how: DumpFolderHow): Promise<DumpFolder> {
  return server.reach.traits.localFiles ? await openHere(how) : await openThere(server, how);
}

async function openHere({ side }: DumpFolderHow): Promise<DumpFolder> {
  const full = side === 'source' ? 'source.failed' : 'target.full';
  const folder = await openPrivateFolder('postgres', temporaryFolder()).catch((error) => {
    throw temporaryFailure(error, { full, failed: `${side}.failed` });
  });
  return {
    path: folder.path,
    isHere: true,
    async files(name) {
      const names = (await readdir(join(folder.path, name))).sort(compareNames);
      const paths = names.map((one) => ({ name: one, path: join(folder.path, name, one) }));
      return await Promise.all(paths.map(async (one) => ({ ...one, sizeBytes: (await stat(one.path)).size })));
    },
    content: (path) => ({ kind: 'path', path }),
    put: () => Promise.reject(new SuretyError('target.failed', 'files of this machine are written where they belong')),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** `wc` of many files ends with a line of their sum, which is of no file. */
const LIST = 'cd "$1" && for file in *; do printf "%s %s\\n" "$(wc -c <"$file" | tr -d " ")" "$file"; done';
const PUT = 'umask 077; cat >"$1" && wc -c <"$1"';

async function openThere(server: Server, { signal, doing, side }: DumpFolderHow): Promise<DumpFolder> {
  const { reach } = server;
  const fullCode = side === 'source' ? 'source.failed' : 'target.full';
  const folder = await openFarFolder(reach, {
    purpose: 'postgres',
    below: [''],
    neededBytes: 0,
    signal,
    doing,
    fullCode,
  });
  const how = (own: AbortSignal): ToolHow => ({ signal: own, doing, explain: explainer({ server, doing, side }) });
  return {
    path: folder.path,
    isHere: false,
    async files(name) {
      const listed = await runScript(reach, LIST, [`${folder.path}/${name}`], how(signal));
      const found = [...listed.matchAll(/^(\d+) (.+)$/gm)].map(([, size, file = '']) => ({
        name: file,
        path: `${folder.path}/${name}/${file}`,
        sizeBytes: Number(size),
      }));
      return found.sort((left, right) => compareNames(left.name, right.name));
    },
    content: (path, own) => ({ kind: 'stream', chunks: toolOutput(reach, ['cat', path], how(own)) }),
    async put(name, chunks) {
      let sizeBytes = 0;
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const chunk of chunks) {
          sizeBytes += chunk.length;
          yield chunk;
        }
      }
      const argv = scriptArgv(PUT, [`${folder.path}/${name}`]);
      const arrived = Number((await runTool(reach, argv, { ...how(signal), stdin: counted() })).trim());
      if (arrived === sizeBytes) return;
      throw new SuretyError(`${side}.failed`, `${doing}: ${arrived} of ${sizeBytes} bytes of ${name} arrived`);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
