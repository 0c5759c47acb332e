import { nameOf, number64 } from './kernel-bytes.ts'

/** A file as the kernel names it, whatever its path: what `struct file_handle` of Btrfs holds. */
export interface FileHandle {
  subvolume: number
  inode: number
  generation: number
}

/** A name in a folder. Null: it is not UTF-8. `.` is the folder itself. */
export interface NamedPlace {
  folder: FileHandle
  name: string | null
}

export interface FanotifyEvent {
  mask: number
  pid: number
  /** Where it happened: none, one, or, for a rename, the old and the new one. */
  at: NamedPlace | null
  from: NamedPlace | null
  to: NamedPlace | null
  object: FileHandle | null
}

/** fanotify(7): what we ask for, and what the queue says by itself when it is full. */
export const fanotifyMask = {
  attributes: 0x4,
  write: 0x8,
  create: 0x100,
  delete: 0x200,
  overflow: 0x4000,
  rename: 0x1000_0000,
  folder: 0x4000_0000,
} as const

const metadataVersion = 3
// fanotify.h: FAN_EVENT_INFO_TYPE_…
const infoType = { object: 1, at: 2, from: 10, to: 12 }
/** f_handle of Btrfs: inode, subvolume, generation. */
const handleBytes = 20
const handleAt = 20
const nameAt = handleAt + handleBytes

/** What one read(2) of a fanotify descriptor gave; events are whole. */
export function parseFanotify(bytes: Buffer): FanotifyEvent[] {
  const events: FanotifyEvent[] = []
  for (let at = 0; at + 24 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    if (bytes[at + 4] !== metadataVersion || length < 24) throw new Error('not a fanotify event')
    events.push(parseEvent(bytes, at, at + length))
    at += length
  }
  return events
}

function parseEvent(bytes: Buffer, start: number, end: number): FanotifyEvent {
  const event: FanotifyEvent = {
    mask: bytes.readUInt32LE(start + 8),
    pid: bytes.readInt32LE(start + 20),
    at: null,
    from: null,
    to: null,
    object: null,
  }
  for (let at = start + bytes.readUInt16LE(start + 6); at + 4 <= end; ) {
    const length = bytes.readUInt16LE(at + 2)
    if (length < 4) break
    addRecord(event, bytes, at, at + length)
    at += length
  }
  return event
}

function addRecord(event: FanotifyEvent, bytes: Buffer, at: number, end: number) {
  const type = bytes[at]
  if (end < at + nameAt || bytes.readUInt32LE(at + 12) < handleBytes) return
  if (type === infoType.object) event.object = handleOf(bytes, at + handleAt)
  else if (type === infoType.at) event.at = placeOf(bytes, at, end)
  else if (type === infoType.from) event.from = placeOf(bytes, at, end)
  else if (type === infoType.to) event.to = placeOf(bytes, at, end)
}

function placeOf(bytes: Buffer, at: number, end: number): NamedPlace {
  const nameEnd = bytes.indexOf(0, at + nameAt)
  const stop = nameEnd < 0 || nameEnd > end ? end : nameEnd
  return { folder: handleOf(bytes, at + handleAt), name: nameOf(bytes, at + nameAt, stop) }
}

function handleOf(bytes: Buffer, at: number): FileHandle {
  return {
    inode: number64(bytes, at),
    subvolume: number64(bytes, at + 8),
    generation: bytes.readUInt32LE(at + 16),
  }
}
