/** What is asked of an SFTP server, one function for each request. They throw `StatusError` for any answer but success. */
import type { Room } from './failure.ts';
import type { Session } from './session.ts';
import { type Fields, fieldsOf, hasStatus, PACKET, STATUS, StatusError, text, u32, u64 } from './wire.ts';

export interface Attributes {
  readonly sizeBytes: number;
  /** Kind and permissions as in `st_mode`; undefined where the server does not say. */
  readonly mode: number | undefined;
  readonly modifiedAt: Date;
}

export interface Named {
  readonly name: string;
  readonly attributes: Attributes;
}

/** `SSH_FXF_…` */
export const OPEN = { read: 1, write: 2, create: 8, exclusive: 32 } as const;

const KIND = { mask: 0o170000, folder: 0o040000, file: 0o100000, link: 0o120000 } as const;

export function isFolder({ mode }: Attributes): boolean {
  return mode !== undefined && (mode & KIND.mask) === KIND.folder;
}

export function isFile({ mode }: Attributes): boolean {
  return mode !== undefined && (mode & KIND.mask) === KIND.file;
}

/** Whether the attributes say what it leads to: neither a link nor of unknown kind. */
export function isPlain({ mode }: Attributes): boolean {
  return mode !== undefined && (mode & KIND.mask) !== 0 && (mode & KIND.mask) !== KIND.link;
}

export async function openFile(session: Session, path: string, flags: number, mode?: number): Promise<Buffer> {
  return handleOf(await session.request(PACKET.open, [text(path), u32(flags), attributesOf(mode)]));
}

export async function openFolder(session: Session, path: string): Promise<Buffer> {
  return handleOf(await session.request(PACKET.opendir, [text(path)]));
}

export async function closeHandle(session: Session, handle: Buffer): Promise<void> {
  expectOk(await session.request(PACKET.close, [text(handle)]));
}

/** Undefined at the end of the file. */
export async function readAt(
  session: Session,
  handle: Buffer,
  offset: number,
  sizeBytes: number,
): Promise<Buffer | undefined> {
  const answer = await session.request(PACKET.read, [text(handle), u64(offset), u32(sizeBytes)]);
  if (answer[0] === PACKET.data) return fieldsOf(answer, 5).bytes();
  const error = statusOf(answer);
  if (hasStatus(error, 'eof')) return undefined;
  throw error;
}

export async function writeAt(session: Session, handle: Buffer, offset: number, bytes: Uint8Array): Promise<void> {
  expectOk(await session.request(PACKET.write, [text(handle), u64(offset), u32(bytes.length)], bytes));
}

export async function statHandle(session: Session, handle: Buffer): Promise<Attributes> {
  return attributesIn(await session.request(PACKET.fstat, [text(handle)]));
}

/** Undefined when there is nothing of that name. Links are followed. */
export async function statPath(session: Session, path: string): Promise<Attributes | undefined> {
  return await unlessMissing(async () => attributesIn(await session.request(PACKET.stat, [text(path)])));
}

/** The same of a link itself. */
export async function lstatPath(session: Session, path: string): Promise<Attributes | undefined> {
  return await unlessMissing(async () => attributesIn(await session.request(PACKET.lstat, [text(path)])));
}

export async function changeMode(session: Session, handle: Buffer, mode: number): Promise<void> {
  expectOk(await session.request(PACKET.fsetstat, [text(handle), attributesOf(mode)]));
}

export async function changeModeOf(session: Session, path: string, mode: number): Promise<void> {
  expectOk(await session.request(PACKET.setstat, [text(path), attributesOf(mode)]));
}

/** Some names of a folder, or undefined when all were told. */
export async function readFolder(session: Session, handle: Buffer): Promise<Named[] | undefined> {
  const answer = await session.request(PACKET.readdir, [text(handle)]);
  if (answer[0] === PACKET.name) return namesIn(answer);
  const error = statusOf(answer);
  if (hasStatus(error, 'eof')) return undefined;
  throw error;
}

export async function makeFolder(session: Session, path: string, mode: number): Promise<void> {
  expectOk(await session.request(PACKET.mkdir, [text(path), attributesOf(mode)]));
}

/** Fails when there is something in it. */
export async function removeFolder(session: Session, path: string): Promise<void> {
  expectOk(await session.request(PACKET.rmdir, [text(path)]));
}

export async function removeFile(session: Session, path: string): Promise<void> {
  expectOk(await session.request(PACKET.remove, [text(path)]));
}

/** Fails when `to` exists, on most servers. */
export async function rename(session: Session, from: string, to: string): Promise<void> {
  expectOk(await session.request(PACKET.rename, [text(from), text(to)]));
}

export async function realPath(session: Session, path: string): Promise<string> {
  const answer = await session.request(PACKET.realpath, [text(path)]);
  if (answer[0] !== PACKET.name) throw statusOf(answer);
  const [first] = namesIn(answer);
  if (first === undefined) throw new StatusError(STATUS.failure, 'no path came back');
  return first.name;
}

/** Replaces `to` atomically. */
export async function replace(session: Session, from: string, to: string): Promise<void> {
  expectOk(await extended(session, EXTENSION.posixRename, text(from), text(to)));
}

/** Fails when `to` exists. */
export async function hardLink(session: Session, from: string, to: string): Promise<void> {
  expectOk(await extended(session, EXTENSION.hardLink, text(from), text(to)));
}

/** Makes what was written durable; does nothing where the server can not be asked for it. */
export async function syncFile(session: Session, handle: Buffer): Promise<void> {
  if (session.extensions.has(EXTENSION.fsync)) expectOk(await extended(session, EXTENSION.fsync, text(handle)));
}

export interface FileSystem extends Room {
  readonly id: number;
}

/** Undefined where the server does not tell. */
export async function statFileSystem(session: Session, path: string): Promise<FileSystem | undefined> {
  if (!session.extensions.has(EXTENSION.statvfs)) return undefined;
  const answer = await extended(session, EXTENSION.statvfs, text(path));
  if (answer[0] !== PACKET.extendedReply) throw statusOf(answer);
  const fields = fieldsOf(answer, 5);
  const [, fragmentBytes = 0, , , freeBlocks = 0, files = 0, , freeFiles = 0, id = 0, flags = 0] = Array.from(
    { length: 11 },
    () => fields.u64(),
  );
  // Some file systems count no files.
  const left = files === 0 ? Number.POSITIVE_INFINITY : freeFiles;
  return { freeBytes: freeBlocks * fragmentBytes, freeFiles: left, id, readOnly: (flags & 1) === 1 };
}

export const EXTENSION = {
  posixRename: 'posix-rename@openssh.com',
  hardLink: 'hardlink@openssh.com',
  fsync: 'fsync@openssh.com',
  statvfs: 'statvfs@openssh.com',
} as const;

function extended(session: Session, name: string, ...fields: readonly Uint8Array[]): Promise<Buffer> {
  return session.request(PACKET.extended, [text(name), ...fields]);
}

const HAS = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 } as const;

function attributesOf(mode: number | undefined): Buffer {
  return mode === undefined ? u32(0) : Buffer.concat([u32(HAS.mode), u32(mode)]);
}

function readAttributes(fields: Fields): Attributes {
  const flags = fields.u32();
  const sizeBytes = (flags & HAS.size) !== 0 ? fields.u64() : 0;
  if ((flags & HAS.owner) !== 0) {
    fields.u32();
    fields.u32();
  }
  const mode = (flags & HAS.mode) !== 0 ? fields.u32() : undefined;
  let modifiedAt = new Date(0);
  if ((flags & HAS.times) !== 0) {
    fields.u32();
    modifiedAt = new Date(fields.u32() * 1000);
  }
  if ((flags & HAS.extended) !== 0) for (let left = fields.u32() * 2; left > 0; left--) fields.bytes();
  return { sizeBytes, mode, modifiedAt };
}

function attributesIn(answer: Buffer): Attributes {
  if (answer[0] !== PACKET.attributes) throw statusOf(answer);
  return readAttributes(fieldsOf(answer, 5));
}

function namesIn(answer: Buffer): Named[] {
  const fields = fieldsOf(answer, 5);
  return Array.from({ length: fields.u32() }, () => {
    const name = fields.text();
    // The same for people, as `ls -l` shows it.
    fields.bytes();
    return { name, attributes: readAttributes(fields) };
  });
}

function handleOf(answer: Buffer): Buffer {
  if (answer[0] !== PACKET.handle) throw statusOf(answer);
  return fieldsOf(answer, 5).bytes();
}

function expectOk(answer: Buffer): void {
  const error = statusOf(answer);
  if (error.status !== STATUS.ok) throw error;
}

function statusOf(answer: Buffer): StatusError {
  if (answer[0] !== PACKET.status) return new StatusError(STATUS.badMessage, `an answer of type ${answer[0]}`);
  const fields = fieldsOf(answer, 5);
  const status = fields.u32();
  return new StatusError(status, fields.more() ? fields.text() : `status ${status}`);
}

async function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (hasStatus(error, 'noSuchFile')) return undefined;
    throw error;
  }
}
