import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'troubleshooting.md'), 'utf8');
const SECRET = 'c2VjcmV0IG9mIHRoZSBzdG9yZQ==';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const s3 = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>said by the service</Message></Error>`,
});
const azure = (status: number, code: string): Answer => ({
  ...s3(status, code),
  headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
});

/** What the store is, what the service answers, what is said, what the hint says, and how the page names it. */
type Row = readonly [what: string, store: object, answer: Answer, cause: RegExp, remedy: RegExp, documented: string];

describe('no backup into the cloud: cause and remedy are told and documented, and the other repository has it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-refused-'));
  let answer: Answer = s3(500, 'InternalError');
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(answer.status, answer.headers).end(request.method === 'HEAD' ? '' : answer.body);
    });
  });
  const keys = { access_key_id: { env: 'KEY_ID' }, secret_access_key: { env: 'KEY' } };
  const place = { bucket: 'avalanche-backups', prefix: 'production', region: 'us-east-1' };
  let surety: Surety;
  let endpoint = '';

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'a'), 'content');
    configure(undefined);
    surety = suretyHere(folder, {
      ...{ KEY_ID: 'AKIDEXAMPLE', KEY: SECRET, AWS_EC2_METADATA_DISABLED: 'true' },
      ...{ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'no-such-key.json') },
    });
    await surety.run('init');
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** Without a store there is only the local repository. */
  function configure(store: object | undefined): void {
    const configuration = {
      sources: { files: { type: 'files', paths: ['data'] } },
      repositories: {
        local: { type: 'archive', store: 'file:local' },
        ...(store === undefined ? {} : { cloud: { type: 'archive', store } }),
      },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
  }

  const backups = () => globSync('local/files/*_metadata.json', { cwd: folder }).length;
  const s3Store = () => ({ s3: { ...place, ...keys, endpoint } });
  const azureStore = () => ({
    azure: { container: 'avalanche-backups', account: 'avalanche', account_key: { env: 'KEY' }, endpoint },
  });
  const rows = (): readonly Row[] => [
    [
      'S3 does not know the key',
      ...([s3Store(), s3(403, 'InvalidAccessKeyId')] as const),
      ...([/the access key is not known/, /check access_key_id/, '`the access key is not known`'] as const),
    ],
    [
      'the secret of S3 is wrong',
      ...([s3Store(), s3(403, 'SignatureDoesNotMatch')] as const),
      ...([/the secret access key is wrong/, /secret_access_key/, '`the secret access key is wrong`'] as const),
    ],
    [
      'the key of S3 has no rights',
      ...([s3Store(), s3(403, 'AccessDenied')] as const),
      ...([/access is denied/, /rights that docs\/s3\.md lists/, '`access is denied`'] as const),
    ],
    [
      'there is no such bucket',
      ...([s3Store(), s3(404, 'NoSuchBucket')] as const),
      ...([/there is no bucket avalanche-backups/, /surety init/, '`there is no bucket …`'] as const),
    ],
    [
      'there are no credentials for S3',
      { s3: { ...place, endpoint } },
      ...([
        s3(403, 'AccessDenied'),
        /there are no credentials/,
        /AWS_ACCESS_KEY_ID/,
        '`there are no credentials`',
      ] as const),
    ],
    [
      'Azure refuses the key',
      ...([azureStore(), azure(403, 'AuthenticationFailed')] as const),
      ...([
        /credentials were refused|the account key/,
        /check the account, its key/,
        '`the credentials were refused`',
      ] as const),
    ],
    [
      'there is no such container',
      ...([azureStore(), azure(404, 'ContainerNotFound')] as const),
      ...([/there is no container avalanche-backups/, /surety init/, '`there is no container …`'] as const),
    ],
    [
      'the file with the credentials for Google Cloud is not there',
      { gcs: { bucket: 'avalanche-backups', endpoint } },
      ...([
        s3(401, 'x'),
        /can not log in .*no-such-key/,
        /GOOGLE_APPLICATION_CREDENTIALS/,
        '`can not log in`',
      ] as const),
    ],
  ];

  for (const [at, [what]] of rows().entries()) {
    test(what, async () => {
      const [, store, answered, cause, remedy, documented] = rows()[at]!;
      answer = answered;
      configure(store);
      const before = backups();
      const { code, stdout, stderr } = await surety.attempt('backup');
      const said = stdout + stderr;
      assert.equal(code, 1, said);
      assert.match(said, cause);
      assert.match(said, new RegExp(`hint: .*${remedy.source}`));
      assert.ok(PAGE.includes(documented), `the page does not have: ${documented}`);
      assert.ok(!said.includes(SECRET), 'the secret is in it');
      assert.equal(backups(), before + 1);
      const checked = await surety.attempt('check');
      assert.match(checked.stdout + checked.stderr, cause);
      assert.equal(checked.code, 1);
    });
  }
});
