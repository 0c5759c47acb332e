import { constants as osConstants } from 'node:os'
import koffi from 'koffi'

/**
 * The one native binding: system calls that Node does not offer, by koffi. The numbers are Linux's and the same on
 * x86-64 and arm64. Every function throws a `PosixError` that carries the errno's name, like Node's own errors.
 * Paths and names are UTF-8 strings without NUL.
 */
const libc = koffi.load('libc.so.6')
const native = {
  syscall: libc.func('long syscall(long nr, int dirfd, const char *path, const void *how, size_t size)'),
  getxattr: libc.func('int64_t getxattr(const char *path, const char *name, void *value, size_t size)'),
  fgetxattr: libc.func('int64_t fgetxattr(int fd, const char *name, void *value, size_t size)'),
  setxattr: libc.func(
    'int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
  ),
  fsetxattr: libc.func('int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)'),
  fremovexattr: libc.func('int fremovexattr(int fd, const char *name)'),
  flistxattr: libc.func('int64_t flistxattr(int fd, void *list, size_t size)'),
  renameat2: libc.func(
    'int renameat2(int oldDir, const char *old, int newDir, const char *new, unsigned int flags)',
  ),
  close: libc.func('int close(int fd)'),
  fcntl: libc.func('int fcntl(int fd, int command, int argument)'),
  flock: libc.func('int flock(int fd, int operation)'),
  statx: libc.func('int statx(int dirfd, const char *path, int flags, unsigned int mask, void *buf)'),
  ioctlBuffer: libc.func('int ioctl(int fd, unsigned long request, void *argument)'),
  ioctlNumber: libc.func('int ioctl(int fd, unsigned long request, long argument)'),
  syncfs: libc.func('int syncfs(int fd)'),
  futimens: libc.func('int futimens(int fd, const void *times)'),
  read: libc.func('int64_t read(int fd, void *into, size_t size)'),
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  sendto: libc.func(
    'int64_t sendto(int fd, const void *data, size_t size, int flags, const void *address, uint32_t addressSize)',
  ),
  openByHandle: libc.func('int open_by_handle_at(int mountFd, void *handle, int flags)'),
  fanotifyInit: libc.func('int fanotify_init(unsigned int flags, unsigned int eventFlags)'),
  fanotifyMark: libc.func(
    'int fanotify_mark(int fd, unsigned int flags, uint64_t mask, int dirFd, const char *path)',
  ),
}

/** EWOULDBLOCK is the same number as EAGAIN, which is the name that errno(3) and Node go by. */
const errnoNames = new Map(
  Object.entries(osConstants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK')
    .map(([name, number]) => [number, name]),
)

export class PosixError extends Error {
  override name = 'PosixError'
  readonly code: string
  readonly syscall: string
  constructor(syscall: string, path = '') {
    const errno = koffi.errno()
    const code = errnoNames.get(errno) ?? `E${errno}`
    super(`${code}: ${syscall}${path === '' ? '' : ` '${path}'`}`)
    this.code = code
    this.syscall = syscall
  }
}

// openat2(2)
const openat2Number = 437
const resolveNoMagicLinks = 0x02
const resolveNoSymlinks = 0x04
const resolveBeneath = 0x08
const resolveCached = 0x20

export const openFlags = {
  readOnly: 0,
  writeOnly: 0o1,
  readWrite: 0o2,
  create: 0o100,
  exclusive: 0o200,
  nonBlock: 0o4000,
  directory: 0o200000,
  noFollow: 0o400000,
  closeOnExec: 0o2000000,
  path: 0o10000000,
} as const

/**
 * Opens `path` below the open folder `dirFd` (openat2(2), RESOLVE_BENEATH, no symbolic link anywhere, the last name
 * included). ELOOP: a symlink on the way. EXDEV: it would leave the folder. Close it by `closeDescriptor`.
 */
export function openBeneath(dirFd: number, path: string, flags: number, mode = 0): number {
  return openWith(dirFd, path, {
    flags,
    mode,
    resolve: resolveBeneath | resolveNoSymlinks | resolveNoMagicLinks,
  })
}

const currentFolder = -100

/** Opens a folder by its own path, to open what is beneath it. Close it by `closeDescriptor`. */
export function openFolder(path: string, flags: number = openFlags.path): number {
  return openWith(currentFolder, path, { flags: flags | openFlags.directory, mode: 0, resolve: 0 })
}

/**
 * Opens only what the kernel finds in memory, so that no disk is touched (openat2(2), RESOLVE_CACHED). EAGAIN: it is
 * not there. Close it by `closeDescriptor`.
 */
export function openCached(path: string, flags: number): number {
  return openWith(currentFolder, path, { flags, mode: 0, resolve: resolveCached })
}

const openHow = Buffer.alloc(24)

function openWith(
  dirFd: number,
  path: string,
  how: { flags: number; mode: number; resolve: number },
): number {
  const flags = process.arch === 'arm64' ? flagsForArm64(how.flags) : how.flags
  openHow.writeUInt32LE(flags | openFlags.closeOnExec, 0)
  openHow.writeUInt32LE(how.mode, 8)
  openHow.writeUInt32LE(how.resolve, 16)
  const fd = Number(native.syscall(openat2Number, dirFd, path, openHow, openHow.length))
  if (fd < 0) throw new PosixError('openat2', path)
  return fd
}

/** For descriptors of `openBeneath` and `openFolder`: Node's own close keeps books about those that it opened. */
export function closeDescriptor(fd: number): void {
  if (native.close(fd) !== 0) throw new PosixError('close')
}

/** O_DIRECTORY and O_NOFOLLOW are swapped about on arm64 (asm/fcntl.h). */
function flagsForArm64(flags: number): number {
  const plain = flags & ~(openFlags.directory | openFlags.noFollow)
  return plain | (flags & openFlags.directory ? 0o40000 : 0) | (flags & openFlags.noFollow ? 0o100000 : 0)
}

const valueBuffer = Buffer.alloc(65536)

/** The value of an extended attribute, or undefined where there is none. `target`: a path or an open descriptor. */
export function getXattr(target: string | number, name: string): Buffer | undefined {
  const size =
    typeof target === 'number'
      ? Number(native.fgetxattr(target, name, valueBuffer, valueBuffer.length))
      : Number(native.getxattr(target, name, valueBuffer, valueBuffer.length))
  if (size >= 0) return Buffer.from(valueBuffer.subarray(0, size))
  const error = new PosixError('getxattr', String(target))
  if (error.code === 'ENODATA' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP') return undefined
  throw error
}

/**
 * Reads an attribute into `into` without allocating; its size, or -1 where there is none (or it cannot be read).
 * `name` as a buffer ends in NUL.
 */
export function readXattr(path: string, name: string | Buffer, into: Buffer): number {
  return Number(native.getxattr(path, name, into, into.length))
}

export type XattrMode = 'set' | 'create' | 'replace'
const xattrFlags: Record<XattrMode, number> = { set: 0, create: 1, replace: 2 }

/** Changes ctime, never mtime (setxattr(2)). EEXIST with mode `create` when it is there already. */
export function setXattr(
  target: string | number,
  name: string,
  value: Buffer,
  mode: XattrMode = 'set',
): void {
  const flags = xattrFlags[mode]
  const result =
    typeof target === 'number'
      ? native.fsetxattr(target, name, value, value.length, flags)
      : native.setxattr(target, name, value, value.length, flags)
  if (result !== 0) throw new PosixError('setxattr', String(target))
}

export function removeXattr(fd: number, name: string): void {
  if (native.fremovexattr(fd, name) === 0) return
  const error = new PosixError('fremovexattr')
  if (error.code !== 'ENODATA') throw error
}

export function listXattrs(fd: number): string[] {
  const size = Number(native.flistxattr(fd, valueBuffer, valueBuffer.length))
  if (size < 0) throw new PosixError('flistxattr')
  return valueBuffer.toString('utf8', 0, size).split('\0').filter(Boolean)
}

export type RenameMode = 'replace' | 'no-replace' | 'exchange'
const renameFlags: Record<RenameMode, number> = { replace: 0, 'no-replace': 1, exchange: 2 }

/** renameat2(2), relative to two open folders. EEXIST with `no-replace`, EXDEV between subvolumes. */
export function renameAt(
  fromDir: number,
  from: string,
  toDir: number,
  to: string,
  mode: RenameMode = 'replace',
): void {
  if (native.renameat2(fromDir, from, toDir, to, renameFlags[mode]) !== 0)
    throw new PosixError('renameat2', to)
}

export type FileKind = 'file' | 'folder' | 'other'

/** What statx(2) says, read without allocating: one of these serves any number of calls. Times are split, as ns do not fit a number. */
export class FileStatus {
  readonly bytes = Buffer.alloc(256)
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, 256)

  get links(): number {
    return this.#view.getUint32(16, true)
  }
  get uid(): number {
    return this.#view.getUint32(20, true)
  }
  get mode(): number {
    return this.#view.getUint16(28, true)
  }
  get kind(): FileKind {
    const type = this.mode & 0o170000
    if (type === 0o100000) return 'file'
    return type === 0o040000 ? 'folder' : 'other'
  }
  get inode(): number {
    return this.#unsigned(32)
  }
  get sizeBytes(): number {
    return this.#unsigned(40)
  }
  /** Birth time in seconds; 0 where the filesystem keeps none. */
  get bornSeconds(): number {
    return this.#signed(80)
  }
  get changedSeconds(): number {
    return this.#signed(96)
  }
  get changedNanoseconds(): number {
    return this.#view.getUint32(104, true)
  }
  get modifiedSeconds(): number {
    return this.#signed(112)
  }
  get modifiedNanoseconds(): number {
    return this.#view.getUint32(120, true)
  }
  /** In whole milliseconds, rounded down. */
  get modifiedAtMs(): number {
    return this.modifiedSeconds * 1000 + Math.floor(this.modifiedNanoseconds / 1e6)
  }
  /** Major and minor in one number; every Btrfs subvolume has its own. */
  get device(): number {
    return this.#view.getUint32(136, true) * 0x100000 + this.#view.getUint32(140, true)
  }

  #unsigned(offset: number): number {
    return this.#view.getUint32(offset, true) + this.#view.getUint32(offset + 4, true) * 0x1_0000_0000
  }
  #signed(offset: number): number {
    return this.#view.getUint32(offset, true) + this.#view.getInt32(offset + 4, true) * 0x1_0000_0000
  }
}

const atSymlinkNofollow = 0x100
const atEmptyPath = 0x1000
const statxBasicAndBirth = 0xfff

/**
 * statx(2) of `name` in the open folder, of the folder itself where `name` is empty; a symlink is not followed.
 * False where there is no such name.
 */
export function readStatus(dirFd: number, name: string, into: FileStatus): boolean {
  const flags = atSymlinkNofollow | (name === '' ? atEmptyPath : 0)
  if (native.statx(dirFd, name, flags, statxBasicAndBirth, into.bytes) === 0) return true
  // Asked of many names that are free: an Error with its stack would cost more than the call.
  if (koffi.errno() === osConstants.errno.ENOENT) return false
  throw new PosixError('statx', name)
}

const times = Buffer.alloc(32)

/** The modification time of one file for another, to the nanosecond (futimens(3)); its access time goes with it. */
export function setModified(
  fd: number,
  { modifiedSeconds, modifiedNanoseconds }: Pick<FileStatus, 'modifiedSeconds' | 'modifiedNanoseconds'>,
): void {
  for (const at of [0, 16]) {
    times.writeBigInt64LE(BigInt(modifiedSeconds), at)
    times.writeBigInt64LE(BigInt(modifiedNanoseconds), at + 8)
  }
  if (native.futimens(fd, times) !== 0) throw new PosixError('futimens')
}

export type LockMode = 'shared' | 'exclusive'
const lockOperations: Record<LockMode, number> = { shared: 1, exclusive: 2 }
const lockNonBlocking = 4
const unlockOperation = 8

/** flock(2): held until the descriptor is closed or the process ends. Blocks the thread while another holds it. */
export function lockFile(fd: number, mode: LockMode): void {
  while (native.flock(fd, lockOperations[mode]) !== 0) {
    const error = new PosixError('flock')
    if (error.code !== 'EINTR') throw error
  }
}

/** Gives a lock of flock(2) back before the descriptor is closed. */
export function unlockFile(fd: number): void {
  if (native.flock(fd, unlockOperation) !== 0) throw new PosixError('flock')
}

/** flock(2) without waiting; false when another holds it. */
export function tryLockFile(fd: number, mode: LockMode): boolean {
  if (native.flock(fd, lockOperations[mode] | lockNonBlocking) === 0) return true
  const error = new PosixError('flock')
  if (error.code === 'EAGAIN') return false
  throw error
}

const setLease = 1024
const readLease = 0
const unlock = 2

/**
 * Runs `act` while nobody has the file open for writing (fcntl(2) F_SETLEASE, F_RDLCK on a read-only descriptor of
 * one's own file). False, without acting, when somebody has. `act` must be synchronous and short.
 */
export function whileNotOpenForWriting(fd: number, act: () => void): boolean {
  ignoreLeaseBreaks()
  if (native.fcntl(fd, setLease, readLease) !== 0) {
    const error = new PosixError('F_SETLEASE')
    if (error.code === 'EAGAIN') return false
    throw error
  }
  try {
    act()
  } finally {
    native.fcntl(fd, setLease, unlock)
  }
  return true
}

let isIgnoringLeaseBreaks = false
/** A broken lease sends SIGIO, whose default ends the process. */
function ignoreLeaseBreaks() {
  if (isIgnoringLeaseBreaks) return
  isIgnoringLeaseBreaks = true
  process.on('SIGIO', () => undefined)
}

/** ioctl(2) with a structure that is read and filled in place. */
export function ioctl(fd: number, request: number, argument: Buffer): number {
  const result = native.ioctlBuffer(fd, request, argument)
  if (result < 0) throw new PosixError('ioctl')
  return result
}

/** ioctl(2) with a number as its argument. */
export function ioctlNumber(fd: number, request: number, argument: number): number {
  const result = native.ioctlNumber(fd, request, argument)
  if (result < 0) throw new PosixError('ioctl')
  return result
}

const ficlone = 0x40049409

/** Makes `toFd` share the blocks of `fromFd` (ioctl_ficlonerange(2)). EXDEV or EOPNOTSUPP where that cannot be. */
export function reflink(fromFd: number, toFd: number): void {
  ioctlNumber(toFd, ficlone, fromFd)
}

/** `reflink` on another thread: it waits until what is dirty of `fromFd` has been written. */
export async function reflinkAside(fromFd: number, toFd: number): Promise<void> {
  await aside('ioctl', native.ioctlNumber, [toFd, ficlone, fromFd])
}

/** Everything dirty on that filesystem reaches the disk. Blocks the calling thread. */
export function syncFilesystem(fd: number): void {
  if (native.syncfs(fd) !== 0) throw new PosixError('syncfs')
}

/** `syncFilesystem` on another thread. */
export async function syncFilesystemAside(fd: number): Promise<void> {
  await aside('syncfs', native.syncfs, [fd])
}

/**
 * Closes a file that has no name any more, on another thread: the last close frees its blocks, which took 80 ms of a
 * file of 1 GiB. What close(2) answers is of no use to anybody then.
 */
export function closeDeleted(fd: number): void {
  native.close.async(fd, () => undefined)
}

/** `ioctl` on another thread, for what may have to wait for the disk. `argument` is filled in place. */
export async function ioctlAside(fd: number, request: number, argument: Buffer): Promise<number> {
  return aside('ioctl', native.ioctlBuffer, [fd, request, argument])
}

function aside(
  name: string,
  call: { async: (...values: unknown[]) => void },
  values: readonly unknown[],
): Promise<number> {
  return new Promise((resolve, reject) => {
    call.async(...values, (error: Error | null, result: number) => {
      if (error) reject(error)
      // The errno is that of the other thread only here and now.
      else if (result < 0) reject(new PosixError(name))
      else resolve(result)
    })
  })
}

/** A read(2) from a descriptor that does not block: the bytes read, 0 where there is nothing now. */
export function readAvailable(fd: number, into: Buffer): number {
  const size = Number(native.read(fd, into, into.length))
  if (size >= 0) return size
  if (koffi.errno() === osConstants.errno.EAGAIN) return 0
  throw new PosixError('read')
}

/**
 * Calls back once, as soon as there is something to read; costs nothing until then, and keeps no process alive. To be
 * cancelled before the descriptor is closed.
 */
export function whenReadable(fd: number, callback: () => void): { cancel(): void } {
  let handle: ReturnType<typeof koffi.node.poll> | undefined
  const cancel = () => {
    handle?.close()
    handle = undefined
  }
  handle = koffi.node.poll(fd, { readable: true }, () => {
    cancel()
    callback()
  })
  handle.unref()
  return { cancel }
}

/**
 * Opens a file by what fanotify(7) or name_to_handle_at(2) calls it: a `struct file_handle`. Undefined where it is
 * gone. Needs CAP_DAC_READ_SEARCH. Close it by `closeDescriptor`.
 */
export function openByHandle(mountFd: number, handle: Buffer, flags: number): number | undefined {
  const plain = process.arch === 'arm64' ? flagsForArm64(flags) : flags
  const fd = native.openByHandle(mountFd, handle, plain | openFlags.closeOnExec)
  if (fd >= 0) return fd
  // Asked of many files that are gone, where an Error with its stack would cost more than the call.
  if (koffi.errno() === osConstants.errno.ESTALE) return undefined
  throw new PosixError('open_by_handle_at')
}

// fanotify_init(2): FAN_REPORT_DFID_NAME_TARGET, FAN_NONBLOCK, FAN_CLOEXEC; FAN_UNLIMITED_QUEUE
const fanotifyFlags = 0x1e00 | 0x02 | 0x01
const fanotifyUnlimited = 0x10

/** A queue of events (fanotify_init(2)), read by `readAvailable`. Close it by `closeDescriptor`. */
export function openFanotify(queue: 'unlimited' | 'limited'): number {
  const fd = native.fanotifyInit(fanotifyFlags | (queue === 'unlimited' ? fanotifyUnlimited : 0), 0)
  if (fd < 0) throw new PosixError('fanotify_init')
  return fd
}

const fanotifyAddToFilesystem = 0x101

/** Events of the whole filesystem that is mounted there; on Btrfs only its top level can be marked (else EXDEV). */
export function markFilesystem(fanotifyFd: number, mask: number, place: string): void {
  if (native.fanotifyMark(fanotifyFd, fanotifyAddToFilesystem, mask, currentFolder, place) !== 0)
    throw new PosixError('fanotify_mark', place)
}

// unix(7)
const unixFamily = 1
const datagram = 2 | 0o2000000
const unixPathAt = 2

/** One datagram to a Unix socket; a name that begins with `@` is an abstract one. */
export function sendDatagram(socketPath: string, message: string): void {
  const fd = native.socket(unixFamily, datagram, 0)
  if (fd < 0) throw new PosixError('socket')
  try {
    const path = Buffer.from(socketPath.replace(/^@/, '\0'))
    const address = Buffer.alloc(unixPathAt + path.length)
    address.writeUInt16LE(unixFamily, 0)
    path.copy(address, unixPathAt)
    const data = Buffer.from(message)
    if (native.sendto(fd, data, data.length, 0, address, address.length) < 0)
      throw new PosixError('sendto', socketPath)
  } finally {
    native.close(fd)
  }
}
