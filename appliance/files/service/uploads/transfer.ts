import { hash } from 'node:crypto'
import { readdirSync, unlinkSync } from 'node:fs'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import {
  closeDescriptor,
  FileStatus,
  getXattr,
  lockFile,
  openFlags,
  readStatus,
  tryLockFile,
} from '../../../lib/posix.ts'
import { type Chunk, type Claim, contentName, finishingName, parseTransferFile } from '../../plan/uploads.ts'
import type { Person, Volume } from '../../schema.ts'
import { fileMode } from '../drafts.ts'
import { saying } from '../failures.ts'
import { away, type Folder, openVolume } from '../folders.ts'

/** An open transfer. */
export interface Transfer extends Disposable {
  volume: Volume
  folder: Folder
  /** Of the folder in `.cairn/uploads`. */
  name: string
}

/** Transfers of different people never meet, whatever they are called. */
export function transferName({ user }: Person, transfer: string): string {
  return `${user}~${hash('sha256', transfer, 'hex').slice(0, 32)}`
}

/** Looks in all of a person's volumes, so that what a transfer is needs to be written in one place only. */
export function findTransfer(volumes: readonly Volume[], name: string): Transfer | undefined {
  for (const volume of volumes) {
    const folder = volume.isAvailable ? openTransfer(volume, name) : undefined
    if (folder) return { volume, folder, name, [Symbol.dispose]: () => folder[Symbol.dispose]() }
  }
  return undefined
}

export function requireTransfer(volumes: readonly Volume[], name: string): Transfer {
  const found = findTransfer(volumes, name)
  if (found) return found
  const absent = volumes.find(volume => !volume.isAvailable)
  if (absent) throw away(absent)
  throw new Failure('missing', 'files/no-transfer', 'There is no such upload, or it has ended.')
}

function openTransfer(volume: Volume, name: string): Folder | undefined {
  using top = openVolume(volume)
  return saying(() => {
    try {
      return top.folder(`.cairn/uploads/${name}`, openFlags.readOnly)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  })
}

/** Kept at the folder: what the whole is announced to be. */
export const totalAttribute = 'user.cairn.total'

export function announcedTotal(folder: Folder): number | undefined {
  const text = getXattr(folder.fd, totalAttribute)?.toString('latin1')
  return text === undefined ? undefined : Number(text)
}

export interface TransferState {
  chunks: Chunk[]
  claims: (Claim & { name: string })[]
  isFinishing: boolean
}

const status = new FileStatus()

/** To be asked while the folder is held, where something is decided by it. */
export function readTransfer(folder: Folder): TransferState {
  const state: TransferState = { chunks: [], claims: [], isFinishing: false }
  // Without its content, what is said to lie in it is gone.
  const hasContent = readStatus(folder.fd, contentName, status)
  for (const file of readdirSync(folder.path)) {
    if (file === finishingName) state.isFinishing = isHeld(folder, file)
    const found = parseTransferFile(file)
    if (found.kind === 'part' && hasContent) state.chunks.push(found)
    if (found.kind === 'busy' && isHeld(folder, file)) state.claims.push(found)
    if (found.kind === 'kept' && readStatus(folder.fd, file, status))
      state.chunks.push({ ...found, size: status.sizeBytes, offset: undefined })
  }
  return state
}

/** A mark says something only as long as the process lives that made it. */
export function isHeld(folder: Folder, file: string): boolean {
  try {
    const fd = folder.open(file)
    try {
      return !tryLockFile(fd, 'exclusive')
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Makes or opens a file and holds it. Close the descriptor. */
export function holdFile(folder: Folder, file: string): number {
  const fd = folder.open(file, openFlags.readWrite | openFlags.create, fileMode)
  lockFile(fd, 'shared')
  return fd
}

/** Somebody may have been faster. */
export function unlinkIfThere(folder: Folder, file: string): void {
  try {
    unlinkSync(folder.at(file))
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

/** Takes away whatever stands for a chunk. True: there was something. */
export function dropChunk(folder: Folder, name: string): boolean {
  const { chunks } = readTransfer(folder)
  const found = chunks.filter(chunk => chunk.name === name)
  for (const { file } of found) unlinkIfThere(folder, file)
  return found.length > 0
}
