import assert from 'node:assert/strict';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { DUMP, dumpOf, openTestArchive } from '../../../test/fixtures/archive-repository.ts';
import { Secret } from '../../base/secret.ts';
import { sampleOf } from '../contract-sample.ts';
import { assertRestores, backUp, HOW, problemsOf } from '../contract-steps.ts';

const HOW_DUMPED = { kind: 'postgres', source: 'app', startedAt: new Date('2024-11-22T02:00:00Z') };
const KEY = 'database/database_20241122_020000.sql.gz.age';

async function keyPair() {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

test('what is encrypted is restored with any of the secret keys, and by age itself', async () => {
  const [one, other, stranger] = await Promise.all([keyPair(), keyPair(), keyPair()]);
  const raw = { encryption: { age: [one.recipient, other.recipient] } };
  await using writer = await openTestArchive({ raw });
  const dump = dumpOf('app.sql', DUMP);
  const { snapshot } = await backUp(writer.engine, dump, { how: HOW_DUMPED });
  const files = await backUp(writer.engine, sampleOf());
  for (const { identity } of [one, other]) {
    const text = `# created: 2024-11-22\n# public key: x\n${identity}\n`;
    const options = { identity: async () => new Secret(text) };
    await using reader = await openTestArchive({ store: writer.store, raw, options, init: false });
    await assertRestores(reader.engine, snapshot, dump);
    await assertRestores(reader.engine, files.snapshot, sampleOf());
    assert.deepEqual(await problemsOf(reader.engine), []);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const plain = await decrypter.decrypt(await writer.store.read(KEY, undefined, HOW));
    assert.equal(gunzipSync(plain).toString(), DUMP);
  }
  const options = { identity: async () => new Secret(stranger.identity) };
  await using wrong = await openTestArchive({ store: writer.store, options, init: false });
  await assert.rejects(wrong.engine.restore(snapshot, HOW), { code: 'repository.wrong-identity' });
});

test('without a secret key the bytes are verified, and what is not is said; nothing is restored', async () => {
  const { recipient } = await keyPair();
  await using opened = await openTestArchive({ raw: { encryption: { age: [recipient] } } });
  const { snapshot } = await backUp(opened.engine, dumpOf('app.sql', DUMP), { how: HOW_DUMPED });
  const report = await opened.engine.verify({ ...HOW, depth: 'data' });
  assert.deepEqual(report.problems, []);
  assert.match(report.notes.join(), /what is in them is not, since no identity is configured/);
  await assert.rejects(opened.engine.restore(snapshot, HOW), { code: 'repository.no-identity', hint: /identity/ });
  const bytes = await opened.store.read(KEY, undefined, HOW);
  bytes[bytes.length - 1]! ^= 1;
  await opened.store.put(KEY, bytes, HOW);
  assert.deepEqual(
    (await opened.engine.verify({ ...HOW, depth: 'data' })).problems.map(({ code }) => code),
    ['archive.damaged'],
  );
});

test('the metadata of encrypted files name neither paths nor hashes of what is in them', async () => {
  const { recipient } = await keyPair();
  await using opened = await openTestArchive({ raw: { encryption: { age: [recipient] } } });
  const { snapshot } = await backUp(opened.engine, sampleOf());
  const sidecar = await opened.sidecar(snapshot.id);
  assert.deepEqual([sidecar.encrypted, sidecar.encryption, sidecar.uncompressed_checksum], [true, 'age', null]);
  assert.ok(!JSON.stringify(sidecar).includes('home/'));
  assert.ok((await opened.keys()).includes(`files/${snapshot.id}_files.jsonl.gz.age`));
});

test('an identity that is none is an error that does not show it', async () => {
  const { recipient } = await keyPair();
  const options = { identity: async () => new Secret('hunter2') };
  await using opened = await openTestArchive({ raw: { encryption: { age: [recipient] } }, options });
  const { snapshot } = await backUp(opened.engine, dumpOf('app.sql', DUMP), { how: HOW_DUMPED });
  await assert.rejects(opened.engine.restore(snapshot, HOW), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'repository.wrong-identity');
    return !JSON.stringify([error.message, error.stack]).includes('hunter2');
  });
});

test('a public key with a slip in it is an error before anything is made', async () => {
  const { recipient } = await keyPair();
  const slip = recipient.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'));
  await assert.rejects(openTestArchive({ raw: { encryption: { age: [slip] } } }), {
    code: 'repository.wrong-recipient',
  });
});
