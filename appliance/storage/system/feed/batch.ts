import { type FanotifyEvent, type FileHandle, fanotifyMask, type NamedPlace } from '../../parse/fanotify.ts'

export interface NameNews {
  name: string | null
  inode: number | null
  mask: number
  pids: number[]
}

export interface FolderNews {
  folder: FileHandle
  names: Map<string, NameNews>
}

/** Bits beside those of fanotify: the two sides of a rename. */
export const movedFrom = 0x40
export const movedTo = 0x80

const maxPids = 8

/** Events gathered to "look at these names again". Both sides of a rename are always in the same batch. */
export interface Batch {
  readonly folders: Map<string, FolderNews>
  /** Files that changed without the kernel knowing by which name: reached by a handle, as NFS does. */
  readonly nameless: Map<string, { object: FileHandle; news: NameNews }>
  size(): number
  add(event: FanotifyEvent): void
  addNews(folder: FileHandle, news: NameNews): void
}

export function createBatch(): Batch {
  const folders = new Map<string, FolderNews>()
  const nameless = new Map<string, { object: FileHandle; news: NameNews }>()
  let names = 0

  function addNews(folder: FileHandle, news: NameNews) {
    const others = namesOf(folder)
    const key = `${news.inode}/${news.name}`
    const known = others.get(key)
    if (known) return merge(known, news)
    others.set(key, news)
    names += 1
  }

  function addAt({ folder, name }: NamedPlace, { mask, pid, object }: FanotifyEvent, extra: number) {
    addNews(folder, { name, inode: object?.inode ?? null, mask: mask | extra, pids: [pid] })
  }

  function namesOf(folder: FileHandle): Map<string, NameNews> {
    const key = keyOf(folder)
    const known = folders.get(key)
    if (known) return known.names
    const news: FolderNews = { folder, names: new Map() }
    folders.set(key, news)
    return news.names
  }

  function addNameless(object: FileHandle, { mask, pid }: FanotifyEvent) {
    const key = keyOf(object)
    const news = { name: null, inode: object.inode, mask, pids: [pid] }
    const known = nameless.get(key)
    if (known) merge(known.news, news)
    else nameless.set(key, { object, news })
  }

  return {
    folders,
    nameless,
    addNews,
    size: () => names + nameless.size,
    add(event) {
      if (event.from) addAt(event.from, event, movedFrom)
      if (event.to) addAt(event.to, event, movedTo)
      if (event.at) addAt(event.at, event, 0)
      // A folder is always reached by its name; what has none left is gone.
      if (!event.at && !event.from && event.object && !(event.mask & fanotifyMask.folder))
        addNameless(event.object, event)
    },
  }
}

function merge(news: NameNews, { mask, pids }: NameNews) {
  news.mask |= mask
  for (const pid of pids) if (news.pids.length < maxPids && !news.pids.includes(pid)) news.pids.push(pid)
}

function keyOf({ subvolume, inode }: FileHandle): string {
  return `${subvolume}/${inode}`
}
