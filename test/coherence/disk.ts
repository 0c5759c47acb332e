import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { fileEtag, readIdentity } from '../../appliance/files/service/ids.ts'
import { contributionOf, folderEtag, plus } from '../../appliance/files/service/indexing/etags.ts'
import { closeDescriptor, FileStatus, getXattr, openFolder, readStatus } from '../../appliance/lib/posix.ts'

/** What a share or home holds, found out from the disk alone. */
export interface Found {
  kind: 'file' | 'folder'
  id: number
  etag: string
  size: number
  inode: string
  bornSeconds: number
  /** A hard link: it has an id of its own, also when the first name is gone. */
  isFurtherName: boolean
  /** Of the content of a file. */
  hash: string
  /** What the etag of a file is made of. */
  facts: string
}

export interface Place {
  /** Where clients of WebDAV see it: '' for the home. */
  mount: string
  folder: string
}

const status = new FileStatus()
const links = z.array(z.tuple([z.number(), z.number(), z.string()]))

/** Everything in a volume by its path in the tree; docs/on-disk-format.md says how ids and etags come about. */
export function walk({ mount, folder: top }: Place): Map<string, Found> {
  const all = new Map<string, Found>()
  visit('', 0)
  return all

  function visit(path: string, parentId: number): Found | undefined {
    const place = join(top, path)
    const name = place.slice(place.lastIndexOf('/') + 1)
    if (!statusOf(place) || status.kind === 'other') return undefined
    const { kind, sizeBytes, inode, bornSeconds } = status
    const identity = readIdentity(place)
    if (!identity) throw new NotYet(`${join(mount, path)} carries no id`)
    const linked = kind === 'file' ? linkId(place, parentId, name) : undefined
    const id = linked ?? identity.id
    const isFurtherName = linked !== undefined
    const key = `${mount}:${inode}:${bornSeconds}`
    const found: Found = {
      kind: 'file',
      id,
      etag: '',
      size: sizeBytes,
      inode: key,
      bornSeconds,
      isFurtherName,
      hash: '',
      facts: '',
    }
    if (kind === 'folder') fill(found, path)
    else {
      found.etag = fileEtag({ id, generation: identity.generation }, status)
      found.facts = `inode ${inode}, generation ${identity.generation}, ${sizeBytes} bytes, modified ${status.modifiedSeconds}.${status.modifiedNanoseconds}, changed ${status.changedSeconds}.${status.changedNanoseconds}`
      found.hash = createHash('sha1').update(readFileSync(place)).digest('hex')
    }
    all.set(join(mount, path).replace(/^\.$/, ''), found)
    return found
  }

  function fill(found: Found, path: string) {
    found.kind = 'folder'
    found.size = 0
    let sum = 0n
    for (const name of readdirSync(join(top, path))) {
      if (path === '' && name === '.cairn') continue
      const child = visit(path === '' ? name : `${path}/${name}`, found.id)
      if (!child) continue
      sum = plus(sum, contributionOf(name, child.id, child.etag))
      found.size += child.size
    }
    found.etag = folderEtag(found.id, sum, timeOf(join(top, path)))
  }
}

function timeOf(folder: string) {
  const fd = openFolder(folder)
  try {
    readStatus(fd, '', status)
    return { modified: status.modifiedSeconds, modifiedNs: status.modifiedNanoseconds }
  } finally {
    closeDescriptor(fd)
  }
}

/** The disk is being changed, or has not been looked at yet. */
export class NotYet extends Error {}

function statusOf(place: string): boolean {
  const at = place.lastIndexOf('/')
  const fd = openFolder(place.slice(0, at))
  try {
    return readStatus(fd, place.slice(at + 1), status)
  } finally {
    closeDescriptor(fd)
  }
}

/** The id of a name that is not the first one of its file. */
function linkId(place: string, parentId: number, name: string): number | undefined {
  const fd = openSync(place, 'r')
  try {
    const text = getXattr(fd, 'user.cairn.links')?.toString()
    if (text === undefined) return undefined
    return links.parse(JSON.parse(text)).find(link => link[1] === parentId && link[2] === name)?.[0]
  } finally {
    closeSync(fd)
  }
}
