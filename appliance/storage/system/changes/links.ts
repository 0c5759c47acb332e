import { ioctl, ioctlAside, PosixError } from '../../../lib/posix.ts'
import { nameOf } from '../../parse/kernel-bytes.ts'
import { firstInode, type InodeRef } from '../../parse/tree-search.ts'
import type { FileLink } from '../../schema.ts'
import { refsInAnswer, refsRequest } from './refs.ts'

// linux/btrfs.h: BTRFS_IOC_INO_LOOKUP
const inodeLookup = { request: 0xd0009412, bytes: 4096, inodeAt: 8, pathAt: 16 }

const slowMs = 1

/** Where a folder is: its path, null where that is no text or too long, `own` for Cairn's own, `gone`. */
type FolderPlace = { path: string | null } | 'own' | 'gone'

/** Finds the names of files in one subvolume; remembers, for as long as it is used, where their folders are. */
export function createLinkFinder(fd: number) {
  const places = new Map<number, Promise<FolderPlace>>()
  let isSlow = false

  function placeOf(folder: number): Promise<FolderPlace> {
    const known = places.get(folder)
    if (known) return known
    const place = lookUp(folder)
    places.set(folder, place)
    return place
  }

  /** To ask another thread costs ten times the question: so only once an answer had to come from the disk. */
  async function ask(request: number, bytes: Buffer) {
    if (isSlow) return ioctlAside(fd, request, bytes)
    const beganAt = performance.now()
    ioctl(fd, request, bytes)
    isSlow = performance.now() - beganAt > slowMs
  }

  async function lookUp(folder: number): Promise<FolderPlace> {
    if (folder === firstInode) return { path: '' }
    const bytes = Buffer.alloc(inodeLookup.bytes)
    bytes.writeBigUInt64LE(BigInt(folder), inodeLookup.inodeAt)
    try {
      await ask(inodeLookup.request, bytes)
    } catch (error) {
      if (!(error instanceof PosixError)) throw error
      if (error.code === 'ENOENT') return 'gone'
      if (error.code === 'ENAMETOOLONG') return { path: null }
      throw error
    }
    return placeIn(bytes)
  }

  async function linkOf({ parent, name }: InodeRef): Promise<FileLink | undefined> {
    if (parent === firstInode && name === '.cairn') return undefined
    const place = await placeOf(parent)
    return typeof place === 'string' ? undefined : { parent, folder: place.path, name }
  }

  return {
    /** Without names that are Cairn's own or have gone meanwhile. */
    async linksOf(refs: readonly InodeRef[]): Promise<FileLink[]> {
      const links = await Promise.all(refs.map(linkOf))
      return links.filter(link => link !== undefined)
    },
    async refsOf(inode: number): Promise<InodeRef[]> {
      const { code, bytes } = refsRequest(inode)
      await ask(code, bytes)
      return refsInAnswer(bytes)
    },
  }
}

export type LinkFinder = ReturnType<typeof createLinkFinder>

/** The path ends in a slash and a NUL. */
function placeIn(bytes: Buffer): FolderPlace {
  const end = bytes.indexOf(0, inodeLookup.pathAt)
  const path = nameOf(bytes, inodeLookup.pathAt, end - 1)
  return path === '.cairn' || path?.startsWith('.cairn/') ? 'own' : { path }
}
