import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../../base/errors.ts';
import { compareNames, decodeName } from '../../../base/names.ts';
import type { Entry, EntryType } from '../../../sources/source.ts';
import { encodeNode, type Node, type NodeExtras } from './node.ts';
import { encodeTree, nodesOf } from './tree.ts';

const FILE: Entry = {
  path: 'dir/name',
  type: 'file',
  mode: 0o644,
  uid: 1000,
  gid: 100,
  user: 'fd0',
  group: 'users',
  mtimeNs: 1_417_884_623_345_135_380n,
  ctimeNs: 1_417_884_624_000_000_000n,
  sizeBytes: 1234,
  inode: 416863351n,
  device: 42n,
  links: 1,
};
const BLOB = '50f77b3b4291e8411a027b9f9b9e64658181cc676ce6ba9958b95f268cb1109d';

const anyName = fc
  .oneof(fc.uint8Array({ minLength: 1, maxLength: 12 }).map(decodeName), fc.string({ minLength: 1, unit: 'binary' }))
  .filter((name) => name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0'));

const anyId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const anyTimeNs = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });

const anyNode = fc.record({
  name: anyName,
  type: fc.constantFrom<EntryType>('file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket'),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  gid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  user: fc.string({ unit: 'binary' }),
  group: fc.string(),
  mtimeNs: anyTimeNs,
  ctimeNs: anyTimeNs,
  sizeBytes: fc.maxSafeNat(),
  inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  device: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  links: fc.integer({ min: 1, max: 3 }),
  target: fc.uint8Array({ minLength: 1, maxLength: 12 }).map(decodeName),
  deviceNumber: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  content: fc.array(anyId, { maxLength: 3 }),
  subtree: anyId,
  xattrs: fc.array(fc.record({ name: fc.string({ minLength: 1 }), value: fc.uint8Array({ maxLength: 20 }) }), {
    maxLength: 2,
  }),
});
type Sample = typeof anyNode extends fc.Arbitrary<infer T> ? T : never;

const anyDirectory = fc
  .uniqueArray(anyNode, { selector: (node) => node.name, maxLength: 12 })
  .map((nodes) => nodes.sort((a, b) => compareNames(a.name, b.name)));

function entryOf(sample: Sample): Entry {
  const { name, target, content, subtree, xattrs, deviceNumber, ...rest } = sample;
  return {
    ...rest,
    path: `some/where/${name}`,
    sizeBytes: rest.type === 'file' ? rest.sizeBytes : 0,
    ...(rest.type === 'symlink' && { linkTarget: target }),
    ...((rest.type === 'dev' || rest.type === 'chardev') && { deviceNumber }),
  };
}

function extrasOf({ type, content, subtree, xattrs }: Sample): NodeExtras {
  return { xattrs, ...(type === 'file' && { content }), ...(type === 'dir' && { subtree }) };
}

function expectedNode(sample: Sample): Node {
  const { name, type, mode, mtimeNs, ctimeNs, uid, gid, user, group, inode, links } = sample;
  const linked = type === 'file' || type === 'symlink' || type === 'dev' || type === 'chardev';
  const isDevice = type === 'dev' || type === 'chardev';
  return {
    ...{ name, type, mode, mtimeNs, ctimeNs, uid, gid, user, group, inode },
    deviceId: links > 1 && type !== 'dir' ? sample.device : 0n,
    sizeBytes: type === 'file' ? sample.sizeBytes : 0,
    links: linked ? links : 0,
    linkTarget: type === 'symlink' ? sample.target : undefined,
    deviceNumber: isDevice ? sample.deviceNumber : 0n,
    xattrs: sample.xattrs,
    content: type === 'file' ? sample.content : [],
    subtree: type === 'dir' ? sample.subtree : undefined,
  };
}

function plain(node: Node): unknown {
  return { ...node, xattrs: node.xattrs.map(({ name, value }) => [name, Buffer.from(value).toString('hex')]) };
}

function treeOf(samples: readonly Sample[]): Buffer {
  return Buffer.from(encodeTree(samples.map((sample) => encodeNode(entryOf(sample), extrasOf(sample)))));
}

/** Makes a tree so large that it is read in pieces, without changing its nodes. */
function inflated(tree: Buffer): Buffer {
  const text = tree
    .toString()
    .replace('{"nodes":[', () => `{ "before": {"x":["]}"]}, "nodes": [${' '.repeat(400_000)}`);
  return Buffer.from(text.replace(/\]\}\n$/, () => '] , "after": "\\"" }\n'));
}

describe('the text of a node', () => {
  test("a file's has the fields of restic in their order", () => {
    const times =
      '"mtime":"2014-12-06T16:50:23.34513538Z","atime":"2014-12-06T16:50:23.34513538Z","ctime":"2014-12-06T16:50:24Z"';
    const owner = '"uid":1000,"gid":100,"user":"fd0","group":"users"';
    const rest = `"inode":416863351,"size":1234,"links":1,"content":["${BLOB}"]`;
    const text = `{"name":"name","type":"file","mode":420,${times},${owner},${rest}}`;
    assert.equal(encodeNode(FILE, { content: [BLOB] }), text);
  });

  test('an empty file has an empty list, what is no file has null', () => {
    assert.match(encodeNode({ ...FILE, sizeBytes: 0 }, {}), /"links":1,"content":\[\]\}$/);
    const directory = encodeNode(
      { ...FILE, type: 'dir', mode: 0, links: 5, user: '', sizeBytes: 0 },
      { subtree: BLOB },
    );
    assert.match(
      directory,
      /"type":"dir","mode":2147483648,.*"gid":100,"group":"users","inode":416863351,"content":null,"subtree":/,
    );
  });

  test('the device is recorded only where it tells hard links apart', () => {
    assert.doesNotMatch(encodeNode(FILE, {}), /device_id/);
    assert.match(encodeNode({ ...FILE, links: 2 }, {}), /"inode":416863351,"device_id":42,"size":1234,"links":2/);
  });

  test('names are quoted like in Go and then like in JSON', () => {
    const path = 'a/say "<é>"\udc80\n';
    assert.ok(
      encodeNode({ ...FILE, path }, {}).startsWith('{"name":"say \\\\\\"\\u003cé\\u003e\\\\\\"\\\\x80\\\\n","type"'),
    );
  });

  test('a link target that is not UTF-8 is added in base64', () => {
    const link: Entry = { ...FILE, type: 'symlink', sizeBytes: 0, linkTarget: 'x\udcff' };
    assert.match(encodeNode(link, {}), /"links":1,"linktarget":"x\\ufffd","linktarget_raw":"eP8=","content":null\}$/);
  });

  test('attributes are in base64', () => {
    const xattrs = [{ name: 'user.a', value: Buffer.from('b') }];
    assert.match(
      encodeNode(FILE, { xattrs }),
      /"links":1,"extended_attributes":\[\{"name":"user.a","value":"Yg=="\}\],"content"/,
    );
  });

  test('a size that was found out by reading goes before that of the entry', () => {
    assert.match(encodeNode({ ...FILE, sizeBytes: -1 }, { sizeBytes: 7 }), /"size":7,/);
    assert.doesNotMatch(encodeNode({ ...FILE, sizeBytes: -1 }, {}), /"size"/);
  });
});

describe('trees', () => {
  test('an empty one is a document of its own', () => {
    assert.equal(encodeTree([]), '{"nodes":[]}\n');
    assert.deepEqual([...nodesOf(Buffer.from(encodeTree([])))], []);
  });

  test('every directory comes back as it was', () => {
    fc.assert(
      fc.property(anyDirectory, (samples) => {
        const nodes = [...nodesOf(treeOf(samples))];
        assert.deepEqual(nodes.map(plain), samples.map(expectedNode).map(plain));
      }),
    );
  });

  test('a large one is read in pieces to the same nodes', () => {
    fc.assert(
      fc.property(anyDirectory, (samples) => {
        const tree = treeOf(samples);
        assert.deepEqual([...nodesOf(inflated(tree))].map(plain), [...nodesOf(tree)].map(plain));
      }),
      { numRuns: 30 },
    );
    const many = Array.from({ length: 3000 }, (_, at) =>
      encodeNode({ ...FILE, path: `f${String(at).padStart(5, '0')}` }, { content: [BLOB] }),
    );
    const names = [...nodesOf(Buffer.from(encodeTree(many)))].map((node) => node.name);
    assert.equal(names.length, 3000);
    assert.equal(names[2999], 'f02999');
  });

  test('names that a directory can not hold, or in wrong order, are damage', () => {
    const named = (...names: string[]) => {
      const nodes = names.map(
        (name) =>
          `{"name":${JSON.stringify(name)},"type":"fifo","mtime":"2014-12-06T16:50:24Z","ctime":"2014-12-06T16:50:24Z"}`,
      );
      return Buffer.from(encodeTree(nodes));
    };
    assert.equal([...nodesOf(named('a', 'b'))].length, 2);
    for (const names of [[''], ['.'], ['..'], ['a/b'], ['a\\x00'], ['b', 'a'], ['a', 'a'], ['\\q']]) {
      for (const tree of [named(...names), inflated(named(...names))]) {
        assert.throws(() => [...nodesOf(tree, 'ab')], isDamaged, names.join());
      }
    }
  });

  test('a tree that is cut off anywhere is damaged', () => {
    fc.assert(
      fc.property(anyDirectory, fc.nat(), (samples, cut) => {
        const tree = treeOf(samples).subarray(0, -1);
        const short = tree.subarray(0, cut % tree.length);
        assert.throws(() => [...nodesOf(short)], isDamaged);
      }),
    );
    const large = inflated(treeOf([]));
    for (let end = 1; end < 60; end++)
      assert.throws(() => [...nodesOf(large.subarray(0, large.length - 2 - (end % 30)))], isDamaged);
  });

  test('kinds of files that nothing can restore are told as such', () => {
    const node =
      '{"name":"x","type":"irregular","mtime":"2014-12-06T16:50:24Z","ctime":"2014-12-06T16:50:24Z","content":null}';
    assert.equal([...nodesOf(Buffer.from(encodeTree([node])))][0]?.type, undefined);
  });
});

function isDamaged(error: unknown): boolean {
  return hasCode(error, 'tree.damaged');
}
