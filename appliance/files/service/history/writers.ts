import { readXattr, setXattr } from '../../../lib/posix.ts'
import { etagOf } from '../checksums.ts'

/** docs/on-disk-format.md, "Versions": an etag, a space, and who wrote the content that has it. */
export const writerAttribute = 'user.cairn.writer'

const nameBuffer = Buffer.from(`${writerAttribute}\0`)
const value = Buffer.alloc(512)

export function writeWriter(fd: number, etag: string | undefined, user: string | undefined): void {
  if (etag !== undefined && user) setXattr(fd, writerAttribute, Buffer.from(`${etag} ${user}`))
}

/** Undefined where it is not known, or somebody else has changed the content since. */
export function readWriter(path: string, etag: string | undefined): string | undefined {
  const size = readXattr(path, nameBuffer, value)
  if (size <= 0 || etag === undefined) return undefined
  const text = value.toString('utf8', 0, size)
  return text.startsWith(`${etag} `) ? text.slice(etag.length + 1) : undefined
}

/** Does what changes the etag, but not the content. */
export function keepingWriter(fd: number, change: () => void): void {
  const user = readWriter(`/proc/self/fd/${fd}`, etagOf(fd))
  change()
  writeWriter(fd, etagOf(fd), user)
}

/** To a copy of the same content, whose id or time is another. To be called when all of it is in place. */
export function carryWriter(fromFd: number, toFd: number): void {
  const user = readWriter(`/proc/self/fd/${fromFd}`, etagOf(fromFd))
  writeWriter(toFd, etagOf(toFd), user)
}
