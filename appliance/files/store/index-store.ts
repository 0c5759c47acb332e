import { dropIndex, type IndexDatabase } from './index-database.ts'
import { pageQuery } from './index-readers.ts'

/** A name in a folder, as the index knows it; docs/on-disk-format.md, "Index". */
export interface EntryRow {
  volume: number
  /** Inode of the folder; 0 for the top of a volume. */
  parent: number
  name: string
  inode: number
  isFolder: 0 | 1
  /** 0: it could not be given one. */
  id: number
  generation: number
  etag: string
  /** Bytes; of a folder, of all that lies below. */
  size: number
  modified: number
  modifiedNs: number
  changed: number
  changedNs: number
  born: number
  /** Of a folder: 16 bytes, little-endian. */
  sum: Buffer | null
  /** 0: a folder whose entries are not all here. */
  isListed: 0 | 1
  checksums: string | null
}

export interface ModifiedTime {
  modifiedSeconds: number
  modifiedNanoseconds: number
}

export interface VolumeRow {
  number: number
  kind: 'shares' | 'homes'
  name: string
  uuid: string | null
  subvolume: number | null
  transid: number | null
  period: number
}

export interface VanishedRow {
  volume: number
  parent: number
  name: string
  id: number
  generation: number
  atMs: number
}

/** What a listing needs, in the order of the columns in `pageQuery`. */
export type ListedRow = [
  name: string,
  isFolder: 0 | 1,
  id: number,
  etag: string,
  size: number,
  modified: number,
  modifiedNs: number,
  born: number,
  checksums: string | null,
]

const columns: (keyof EntryRow)[] = [
  'volume',
  'parent',
  'name',
  'inode',
  'isFolder',
  'id',
  'generation',
  'etag',
  'size',
  'modified',
  'modifiedNs',
  'changed',
  'changedNs',
  'born',
  'sum',
  'isListed',
  'checksums',
]

const kept = columns.filter(name => !['volume', 'parent', 'name', 'inode', 'id'].includes(name))

/**
 * All SQL of the index, prepared once. Nothing in here decides anything. Without being told, SQLite would take the primary
 * key for everything that names the volume.
 */
export function createIndexStore(database: IndexDatabase) {
  const prepare = (text: string) => database.prepare(text)
  const put = prepare(
    `insert or replace into entry (${columns.join(', ')}) values (${columns.map(name => `@${name}`).join(', ')})`,
  )
  // Where no key changes: none of the other trees has to be written.
  const change = prepare(
    `update entry set ${kept.map(name => `${name} = @${name}`).join(', ')}
     where volume = @volume and parent = @parent and name = @name`,
  )
  const at = prepare('select * from entry where volume = ? and parent = ? and name = ?')
  const drop = prepare('delete from entry where volume = ? and parent = ? and name = ?')
  const byInode = prepare('select * from entry indexed by entryByInode where volume = ? and inode = ?')
  const folder = prepare(
    'select * from entry indexed by entryByInode where volume = ? and inode = ? and isFolder = 1',
  )
  const byId = prepare('select * from entry where id = ?')
  const setFolder = prepare(
    'update entry set etag = ?, size = ?, sum = ? where volume = ? and parent = ? and name = ?',
  )
  const setModified = prepare(
    'update entry set modified = ?, modifiedNs = ? where volume = ? and parent = ? and name = ?',
  )
  const allChildren = prepare('select * from entry where volume = ? and parent = ?')
  const setListed = prepare(
    'update entry indexed by entryByInode set isListed = ? where volume = ? and inode = ? and isFolder = 1',
  )
  const page = prepare(pageQuery).raw()
  const folders = prepare(
    'select inode from entry where volume = ? and isFolder = 1 and inode > ? order by inode limit ?',
  )
  const unlisted = prepare(
    'select * from entry indexed by unlisted where volume = ? and isListed = 0 limit ?',
  )
  const hasUnlisted = prepare(
    'select 1 from entry indexed by unlisted where volume = ? and isListed = 0 limit 1',
  )
  const count = prepare('select count(*) from entry where volume = ?').pluck()
  const volumes = prepare('select * from volume')
  const addVolume = prepare('insert into volume (kind, name) values (?, ?) returning *')
  const setMark = prepare('update volume set uuid = ?, subvolume = ?, transid = ? where number = ?')
  const dropVolume = prepare('delete from volume where number = ?')
  const touch = prepare(
    'insert or replace into touched (volume, parent, name, period) select number, ?, ?, period from volume where number = ?',
  )
  const nextPeriod = prepare(
    'update volume set period = period + 1 where number = ? returning period',
  ).pluck()
  const touched = prepare(
    `select parent, name from touched
     where volume = ? and (parent, name) > (?, ?) and period < ? order by parent, name limit ?`,
  )
  const isTouched = prepare('select 1 from touched where volume = ? and parent = ? and name = ?')
  const untouch = prepare('delete from touched where volume = ? and period < ?')
  const countTouched = prepare('select count(*) from touched where volume = ?').pluck()
  const addOrphan = prepare('insert or ignore into orphan (volume, inode) values (?, ?)')
  const dropOrphan = prepare('delete from orphan where volume = ? and inode = ?')
  const someChildren = prepare('select * from entry where volume = ? and parent = ? limit ?')
  const names = prepare('select name from entry where volume = ? and parent = ?').pluck()
  const anOrphan = prepare('select volume, inode from orphan limit 1')
  const vanish = prepare(
    'insert or replace into vanished (volume, parent, name, id, generation, atMs) values (?, ?, ?, ?, ?, ?)',
  )
  const vanishedAt = prepare('select * from vanished where volume = ? and parent = ? and name = ?')
  const vanishedOf = prepare('select * from vanished where id = ?')
  const forgetVanished = prepare('delete from vanished where atMs < ?')

  return {
    /** One write transaction that holds the lock from its start: what `work` sees on the disk is the newest. */
    write<T>(work: () => T): T {
      return database.transaction(work).immediate()
    },
    put: (row: EntryRow) => void put.run(row),
    /** The same inode and id, with other values. */
    change: (row: EntryRow) => void change.run(row),
    at: (volume: number, parent: number, name: string) =>
      at.get(volume, parent, name) as EntryRow | undefined,
    drop: ({ volume, parent, name }: Pick<EntryRow, 'volume' | 'parent' | 'name'>) =>
      void drop.run(volume, parent, name),
    /** All names of one inode. */
    byInode: (volume: number, inode: number) => byInode.all(volume, inode) as EntryRow[],
    /** Never a file, though numbers of inodes come again when a share goes back to a snapshot. */
    folder: (volume: number, inode: number) => folder.get(volume, inode) as EntryRow | undefined,
    byId: (id: number) => byId.all(id) as EntryRow[],
    setFolder: (row: EntryRow) =>
      void setFolder.run(row.etag, row.size, row.sum, row.volume, row.parent, row.name),
    setModified: (row: EntryRow, { modifiedSeconds, modifiedNanoseconds }: ModifiedTime) =>
      void setModified.run(modifiedSeconds, modifiedNanoseconds, row.volume, row.parent, row.name),
    allChildren: (volume: number, parent: number) =>
      allChildren.iterate(volume, parent) as IterableIterator<EntryRow>,
    setListed: (volume: number, inode: number, isListed: boolean) =>
      void setListed.run(isListed ? 1 : 0, volume, inode),
    page: (volume: number, parent: number, after: string, limit: number) =>
      page.all(volume, parent, after, limit) as ListedRow[],
    folders: (volume: number, after: number, limit: number) =>
      folders.all(volume, after, limit) as { inode: number }[],
    unlisted: (volume: number, limit: number) => unlisted.all(volume, limit) as EntryRow[],
    isWhole: (volume: number) => hasUnlisted.get(volume) === undefined,
    count: (volume: number) => count.get(volume) as number,
    volumes: () => volumes.all() as VolumeRow[],
    addVolume: (kind: string, name: string) => addVolume.get(kind, name) as VolumeRow,
    setMark: (number: number, mark: { uuid: string; subvolume: number; transid: number }) =>
      void setMark.run(mark.uuid, mark.subvolume, mark.transid, number),
    dropVolume: (number: number) => void dropVolume.run(number),
    touch: (volume: number, parent: number, name: string) => void touch.run(parent, name, volume),
    touched: (volume: number, after: { parent: number; name: string }, beforePeriod: number, limit: number) =>
      touched.all(volume, after.parent, after.name, beforePeriod, limit) as {
        parent: number
        name: string
      }[],
    isTouched: ({ volume, parent, name }: Pick<EntryRow, 'volume' | 'parent' | 'name'>) =>
      isTouched.get(volume, parent, name) !== undefined,
    /** What is touched from here on belongs to the next period. */
    nextPeriod: (volume: number) => nextPeriod.get(volume) as number,
    untouch: (volume: number, beforePeriod: number) => void untouch.run(volume, beforePeriod),
    countTouched: (volume: number) => countTouched.get(volume) as number,
    addOrphan: (volume: number, inode: number) => void addOrphan.run(volume, inode),
    dropOrphan: (volume: number, inode: number) => void dropOrphan.run(volume, inode),
    someChildren: (volume: number, parent: number, limit: number) =>
      someChildren.all(volume, parent, limit) as EntryRow[],
    names: (volume: number, parent: number) => names.all(volume, parent) as string[],
    anOrphan: () => anOrphan.get() as { volume: number; inode: number } | undefined,
    vanish: (row: VanishedRow) =>
      void vanish.run(row.volume, row.parent, row.name, row.id, row.generation, row.atMs),
    vanishedAt: (volume: number, parent: number, name: string) =>
      vanishedAt.get(volume, parent, name) as VanishedRow | undefined,
    vanishedOf: (id: number) => vanishedOf.all(id) as VanishedRow[],
    forgetVanished: (beforeMs: number) => void forgetVanished.run(beforeMs),
    /** Writes what the log holds into the file, as far as no reader is in the way. */
    checkpoint: () => void database.pragma('wal_checkpoint(PASSIVE)'),
    forgetAll: () => database.transaction(() => dropIndex(database)).immediate(),
    close: () => void database.close(),
  }
}

export type IndexStore = ReturnType<typeof createIndexStore>
