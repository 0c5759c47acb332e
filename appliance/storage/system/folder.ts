import { cp, mkdir, open, rm, statfs } from 'node:fs/promises'
import { errnoOf } from '../../lib/failure.ts'
import { syncFilesystem } from '../../lib/posix.ts'
import type { PoolBackend } from './backend.ts'
import { notMounted } from './facts.ts'

/** A plain folder as a pool, where there is no root or no Btrfs: the same layout, snapshots are copies. */
export const folderBackend: PoolBackend = {
  kind: 'folder',

  async create({ place }) {
    await mkdir(place, { recursive: true, mode: 0o711 })
  },

  async abandon() {
    // What is there may be somebody's, from before: the next try goes on with it.
  },

  async mount({ place }) {
    await mkdir(place, { recursive: true, mode: 0o711 })
    return true
  },

  async unmount() {
    // It is nowhere mounted.
  },

  async facts({ place }) {
    try {
      const { blocks, bavail, bsize } = await statfs(place)
      const space = { totalBytes: blocks * bsize, freeBytes: bavail * bsize }
      return { ...notMounted, isMounted: true, space }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return notMounted
      throw error
    }
  },

  async createSubvolume(path) {
    await mkdir(path, { mode: 0o770 })
  },

  async deleteSubvolume(path) {
    await rm(path, { recursive: true })
  },

  async snapshot(from, to) {
    await cp(from, to, {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      errorOnExist: true,
      force: false,
    })
    await this.sync(to)
  },

  async makeReadOnly() {
    // A copy is kept by nobody writing to it: without root there is nothing that could forbid it.
  },

  async sync(path) {
    const folder = await open(path)
    try {
      syncFilesystem(folder.fd)
    } finally {
      await folder.close()
    }
  },
}
