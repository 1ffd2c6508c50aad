import assert from 'node:assert/strict';
import test from 'node:test';
import { statOrGone } from './list.ts';
import { isFolder } from './requests.ts';
import { openRoot } from './root.ts';
import type { Session } from './session.ts';
import { PACKET, STATUS, StatusError, text, u32 } from './wire.ts';

const PERMISSIONS = 4;
const [FOLDER, LINK] = [0o040755, 0o120777];

/** A server to which nothing leads at first; what is there when it is asked for the thing itself has this mode. */
function scripted(mode: number | undefined): Session {
  return {
    extensions: new Set(),
    isOpen: () => true,
    async request(type) {
      const id = u32(1);
      const missing = [Buffer.from([PACKET.status]), id, u32(STATUS.noSuchFile), text('no such file'), text('')];
      if (type !== PACKET.lstat || mode === undefined) return Buffer.concat(missing);
      return Buffer.concat([Buffer.from([PACKET.attributes]), id, u32(PERMISSIONS), u32(mode)]);
    },
    close: async () => {},
  };
}

const root = openRoot('/backup', 'sftp://nas/backup');

test('a folder that comes between two questions about it is there, and no link that leads nowhere', async () => {
  const found = await statOrGone(scripted(FOLDER), root, '/backup/index');
  assert.ok(found !== undefined && isFolder(found));
});

test('a link that leads nowhere is an error, and nothing at all is nothing', async () => {
  await assert.rejects(statOrGone(scripted(LINK), root, '/backup/index'), StatusError);
  assert.equal(await statOrGone(scripted(undefined), root, '/backup/index'), undefined);
});
