import type { Setting } from '../settings.ts';
import { type Avalanche, CLOUD } from './avalanche.ts';

const PROVIDERS = ['s3', 'azure', 'gcs'] as const;
type Provider = (typeof PROVIDERS)[number];

/** Variables that the provider's own programs take credentials from: a store takes them from there as well. */
const CREDENTIALS: Readonly<Record<Provider, readonly string[]>> = {
  s3: [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_DEFAULT_REGION',
    'AWS_REGION',
    'AWS_PROFILE',
  ],
  azure: ['AZURE_STORAGE_CONNECTION_STRING'],
  gcs: ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CLOUD_PROJECT'],
};

/** The copy in a bucket, where it is switched on. */
export function cloudRepository(avalanche: Avalanche): void {
  const { draft, yaml, yamlSettings, env, envSettings } = avalanche;
  const [inFile, inEnv] = [yaml.flag('backup.cloud.enabled'), env.flag('BACKUP_CLOUD_ENABLED')];
  const all = env.flag('BACKUP_ENABLED');
  if (all?.value === false) draft.omit(all.from, 'there is no switch that turns all backups off', 'start no job');
  const enabled = inFile?.value === true || inEnv?.value === true;
  const bucket = env.text('BACKUP_S3_BUCKET');
  const named = yaml.text('backup.cloud.provider') ?? env.text('BACKUP_CLOUD_PROVIDER');
  const provider = PROVIDERS.find((one) => one === named?.value.toLowerCase());
  if (enabled && provider !== undefined) storeOf(avalanche, provider, [named?.from, inFile?.from ?? inEnv?.from]);
  else if (enabled && bucket !== undefined && named === undefined) {
    draft.put('repositories', CLOUD, 'type', 'archive');
    draft.put('repositories', CLOUD, 'store', { s3: { bucket: bucket.value } }, bucket.from);
  } else if (enabled) {
    const switched = named?.from ?? inFile?.from ?? inEnv?.from;
    const reason =
      'the copy in the cloud is switched on, but no provider is named that the scripts know (s3, azure, gcs)';
    if (switched !== undefined) draft.omit(switched, reason, 'name the provider and import again');
  }
  // What is switched off, or of another provider, has no effect.
  for (const one of PROVIDERS) yamlSettings.takeBelow(`backup.cloud.${one}`);
  for (const key of Object.values(CREDENTIALS).flat()) envSettings.take(key);
}

function storeOf(
  { draft, yaml, envSettings }: Avalanche,
  provider: Provider,
  from: readonly (Setting | undefined)[],
): void {
  const at = `backup.cloud.${provider}`;
  const options: Record<string, string> = {};
  const settings: (Setting | undefined)[] = [...from];
  for (const key of {
    s3: ['bucket', 'prefix', 'region', 'endpoint'],
    azure: ['container', 'prefix'],
    gcs: ['bucket', 'prefix', 'project_id'],
  }[provider]) {
    const taken = yaml.text(`${at}.${key}`);
    if (taken !== undefined) options[key] = taken.value;
    settings.push(taken?.from);
  }
  // It is the path of a file, and no secret.
  const keyFile = provider === 'gcs' ? yaml.text(`${at}.credentials_file`) : undefined;
  if (keyFile !== undefined) options.key_file = keyFile.value;
  settings.push(keyFile?.from);
  draft.put('repositories', CLOUD, 'type', 'archive');
  draft.put('repositories', CLOUD, 'store', { [provider]: options }, ...settings);
  draft.put('repositories', CLOUD, 'compression', draft.sections.repositories.get('backups')?.compression ?? 'gzip');
  for (const key of ['access_key_id', 'secret_access_key', 'connection_string']) {
    const secret = yaml.text(`${at}.${key}`);
    if (secret === undefined) continue;
    draft.omit(
      secret.from,
      'credentials do not stand in the configuration',
      `put them into the environment: ${CREDENTIALS[provider].join(', ')}`,
    );
  }
  for (const key of CREDENTIALS[provider]) {
    const setting = envSettings.take(key);
    if (setting !== undefined)
      draft.note(setting, 'the store takes it from the environment, under the same name: nothing is copied');
  }
}
