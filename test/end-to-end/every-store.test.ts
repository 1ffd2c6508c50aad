import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { STORE_PLACES, type StorePlace } from '../fixtures/every-store.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { suretyIn } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const KINDS = ['restic', 'archive'] as const;
type Kind = (typeof KINDS)[number];
const STORES = Object.keys(STORE_PLACES);
const HERE = STORES.filter((name) => STORE_PLACES[name]?.skip === false);

/** Copies go around all stores twice, and are in both kinds in each: as they are stored mostly, made anew where the kind changes. */
const HALF = Math.ceil(HERE.length / 2);
const WAY = [...HERE, ...HERE].map((store, at) => ({
  store,
  kind: at < HALF || at >= HALF + HERE.length ? 'restic' : 'archive',
}));

interface Listed {
  readonly repositories: readonly {
    readonly repository: string;
    readonly snapshots: readonly unknown[];
  }[];
}

interface Copied {
  readonly copies: readonly { readonly members: readonly { readonly outcome: string; readonly asStored: boolean }[] }[];
}

describe('the same round trip over every store', () => {
  const places = new Map<string, StorePlace>();
  let project: Project;
  /** The real program. */
  let surety: Project['surety'];
  /** The same in this process. */
  let here: Project['surety'];

  before(async () => {
    project = makeProject();
    const start = async (name: string) => places.set(name, await STORE_PLACES[name]!.start(project.folder));
    await Promise.all(HERE.map(start));
    const repository = (store: string, kind: Kind, prefix: string) => ({
      ...{ type: kind, store: places.get(store)!.store(prefix) },
      ...(kind === 'restic' ? { password: { env: 'VAULT_PASSWORD' } } : {}),
    });
    const each = HERE.flatMap((store) => KINDS.map((kind) => ({ store, kind })));
    const firsts = each.map(({ store, kind }) => [`${store}-${kind}`, repository(store, kind, kind)]);
    const copies = each.map(({ store, kind }) => [`${store}-${kind}-copy`, repository(store, kind, `${kind}-copy`)]);
    const configuration = {
      sources: { files: { type: 'files', paths: [project.data] } },
      repositories: Object.fromEntries([...firsts, ...copies]),
      jobs: { main: { sources: ['files'], to: firsts.map(([name]) => name), keep: { last: 1 } } },
    };
    writeFileSync(join(project.folder, 'surety.yaml'), JSON.stringify(configuration));
    const credentials = [...places.values()].map(({ environment }) => environment);
    const env = Object.assign({ ...project.environment }, ...credentials);
    surety = suretyIn(project.folder, { env });
    here = suretyHere(project.folder, env);
    fill(project.data);
  });
  after(async () => {
    await Promise.all([...places.values()].map((place) => place[Symbol.asyncDispose]()));
    await project[Symbol.asyncDispose]();
  });

  async function comesBackFrom(repository: string): Promise<void> {
    const target = project.newTarget();
    await here.run('restore', 'latest', '--repository', repository, '--target', target);
    assert.deepEqual(compareTrees(project.data, join(target, project.data)), [], repository);
  }

  test('both kinds are made, written to twice, verified and cleaned up', async () => {
    await here.run('init');
    await surety.run('backup');
    appendFileSync(join(project.data, 'small'), ' and second');
    await here.run('backup');
    await here.run('verify', '--read-data');
    await here.run('cleanup');
    const { repositories } = await here.json<Listed>('list');
    const kept = Object.fromEntries(repositories.map(({ repository, snapshots }) => [repository, snapshots.length]));
    for (const store of HERE) {
      for (const kind of KINDS) {
        assert.deepEqual([kept[`${store}-${kind}`], kept[`${store}-${kind}-copy`]], [1, 0], store);
      }
    }
  });

  for (const store of STORES) {
    describe(store, { skip: STORE_PLACES[store]!.skip }, () => {
      for (const kind of KINDS) test(`${kind}: everything comes back`, () => comesBackFrom(`${store}-${kind}`));

      test('has each repository in its own place and nothing beside them', async () => {
        const keys = await places.get(store)!.keys();
        assert.ok(keys.includes('restic/config'));
        assert.deepEqual(
          keys.filter((key) => !/^(restic|archive)(-copy)?\//.test(key)),
          [],
        );
      });

      // Of the others, the credentials are files.
      if (!['s3', 'azure'].includes(store)) return;
      test('says what to do when somebody is not let in, and shows no secret', async () => {
        const stranger = places.get(store)!.stranger!;
        const env = { ...project.environment, ...stranger.environment };
        const refused = await suretyHere(project.folder, env).attempt('list', '--repository', `${store}-restic`);
        const said = refused.stdout + refused.stderr;
        assert.equal(refused.code, 1);
        for (const told of stranger.told) assert.match(said, told);
        const secrets = [stranger.secret, ...Object.values(places.get(store)!.environment)];
        assert.deepEqual(
          secrets.filter((secret) => said.includes(secret)),
          [],
        );
      });
    });
  }

  test('copies go from each store to the next in both kinds, and are what was backed up', async () => {
    let from = { name: 'file-restic', kind: 'restic' };
    for (const { store, kind } of WAY) {
      const to = { name: `${store}-${kind}-copy`, kind };
      const { copies } = await here.json<Copied>('copy', '--from', from.name, '--to', to.name);
      assert.deepEqual(
        copies[0]?.members.map(({ outcome, asStored }) => [outcome, asStored]),
        [['ok', from.kind === to.kind]],
        `${from.name} to ${to.name}`,
      );
      from = to;
    }
    await comesBackFrom(from.name);
    await here.run('verify', '--read-data');
    const { repositories } = await here.json<Listed>('list');
    assert.deepEqual(
      repositories.filter(({ snapshots }) => snapshots.length !== 1),
      [],
    );
  });
});

function fill(data: string): void {
  mkdirSync(join(data, 'folder', 'empty'), { recursive: true });
  writeFileSync(join(data, 'big'), noise(1, 300_000));
  writeFileSync(join(data, 'small'), 'first');
  writeFileSync(join(data, 'folder', 'ä name'), 'in a folder');
  chmodSync(join(data, 'folder', 'ä name'), 0o600);
  symlinkSync('../small', join(data, 'folder', 'link'));
}
