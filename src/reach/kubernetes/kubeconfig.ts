/** Finds the cluster and its credentials as kubectl does, through the official client library. */
import type { KubeConfig } from '@kubernetes/client-node';
import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import { withoutCredentials } from './explain.ts';
import type { KubernetesOptions } from './options.ts';

/** What the library falls back to when it finds nothing at all. */
const NOTHING_FOUND = 'http://localhost:8080';

/** Throws `reach.failed` for what is missing or can not be read. Nothing of a kubeconfig is quoted: tokens stand in it. */
export async function loadKubeconfig({ kubeconfig: file, context }: KubernetesOptions): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (context !== undefined) config.setCurrentContext(context);
  const chosen = config.getContextObject(config.getCurrentContext());
  if (chosen === null) throw noContext(config);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new SuretyError(
      'reach.failed',
      `context ${chosen.name} of the kubeconfig names cluster ${chosen.cluster}, which is not there`,
    );
  }
  if (file === undefined && cluster.server === NOTHING_FOUND && cluster.name === 'cluster') throw notFound();
  tellPlugin(config);
  return config;
}

/**
 * What kubectl tells a program that gives credentials; some refuse to work without.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
function tellPlugin(config: KubeConfig): void {
  const exec = config.getCurrentUser()?.exec as PluginOptions | null | undefined;
  if (exec === null || exec === undefined) return;
  const { server, caData, skipTLSVerify, tlsServerName } = config.getCurrentCluster()!;
  const cluster = {
    server,
    ...(caData === undefined ? {} : { 'certificate-authority-data': caData }),
    ...(skipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
  };
  const spec = { interactive: false, ...(exec.provideClusterInfo === true ? { cluster } : {}) };
  const value = JSON.stringify({ kind: 'ExecCredential', apiVersion: exec.apiVersion, spec });
  exec.env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value }];
}

interface PluginOptions {
  readonly apiVersion?: string;
  readonly provideClusterInfo?: boolean;
  env?: { readonly name: string; readonly value: string }[] | null;
}

function unreadable(file: string | undefined, error: unknown): SuretyError {
  const name = file === undefined ? 'the kubeconfig' : `kubeconfig ${file}`;
  const code = systemCode(error);
  const why = code === 'ENOENT' ? 'does not exist' : `can not be read: ${code ?? plainReason(error)}`;
  return new SuretyError('reach.failed', `${name} ${why}`, {
    hint: 'name it with kubeconfig: below kubernetes: of the host, or in KUBECONFIG',
    cause: code === undefined ? undefined : error,
  });
}

/** What the library says itself names keys only; what its reader of YAML says quotes the text. */
function plainReason(error: unknown): string {
  const message = messageOf(error);
  return /^[\w[\].-]+ is missing$|^Duplicate /.test(message) ? withoutCredentials(message) : 'it is not a kubeconfig';
}

function noContext(config: KubeConfig): SuretyError {
  const names = config.getContexts().map(({ name }) => name);
  const wanted = config.getCurrentContext();
  const message = wanted ? `the kubeconfig has no context ${wanted}` : 'the kubeconfig has no current context';
  const hint = names.length === 0 ? 'it has none at all' : `it has ${names.join(', ')}; name one with context:`;
  return new SuretyError('reach.failed', message, { hint });
}

function notFound(): SuretyError {
  return new SuretyError('reach.failed', 'no kubeconfig was found, and this is not inside of a cluster', {
    hint: 'name it with kubeconfig: below kubernetes: of the host, or in KUBECONFIG, or put it in ~/.kube/config',
  });
}
