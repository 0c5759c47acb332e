import { readdirSync } from 'node:fs'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { FileStatus, openFlags, readStatus, renameAt } from '../../../lib/posix.ts'
import type { Volume } from '../../schema.ts'
import { type Folder, openVolume } from '../folders.ts'
import type { Sweeper } from '../sweeping.ts'
import { draftName, exclusivelyIn, openReserved, openWorkspace } from '../workspace.ts'
import { isHeld, type Transfer } from './transfer.ts'

const lifeMs = 24 * 3600 * 1000
const lookEveryMs = 3600 * 1000

/** Takes away transfers that nobody has gone on with for a day. Looks only where there are some: disks may sleep. */
export function createExpiring({ sweeper, log }: { sweeper: Sweeper; log: Log }) {
  const met = new Set<string>()
  const inUse = new Map<string, Volume>()
  let timer: NodeJS.Timeout | undefined

  function expire(volume: Volume): void {
    try {
      if (expireIn(volume, sweeper) === 0) inUse.delete(volume.path)
    } catch (error) {
      // The pool is away, or read-only by now: the next look may find it back.
      if (!(error instanceof Failure))
        log.warn('old uploads could not be removed', { volume: volume.name, error })
    }
  }

  return {
    /** Looks the first time that this process meets the volume. */
    meet(volume: Volume): void {
      if (met.has(volume.path) || !volume.isAvailable || volume.isReadOnly) return
      met.add(volume.path)
      inUse.set(volume.path, volume)
      expire(volume)
    },
    begun: (volume: Volume) => void inUse.set(volume.path, volume),
    start(): void {
      timer = setInterval(() => inUse.forEach(expire), lookEveryMs).unref()
    },
    stop: () => clearInterval(timer),
  }
}

/** The number of those that are still there. */
function expireIn(volume: Volume, sweeper: Sweeper): number {
  using uploads = openIfThere(volume)
  if (!uploads) return 0
  const names = readdirSync(uploads.path)
  const left = names.filter(name => !isExpired(volume, uploads, name))
  if (left.length < names.length) sweeper.sweep(volume)
  return left.length
}

/** Nothing is made where nobody has uploaded anything. */
function openIfThere(volume: Volume): Folder | undefined {
  using top = openVolume(volume)
  try {
    return top.folder('.cairn/uploads', openFlags.readOnly)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function isExpired(volume: Volume, uploads: Folder, name: string): boolean {
  const status = new FileStatus()
  if (!readStatus(uploads.fd, name, status)) return true
  if (status.kind !== 'folder' || Date.now() - status.modifiedSeconds * 1000 < lifeMs) return false
  using folder = uploads.folder(name, openFlags.readOnly)
  return exclusivelyIn(folder, () => {
    if (readdirSync(folder.path).some(file => isHeld(folder, file))) return false
    discard({ volume, folder, name }, uploads)
    return true
  })
}

/** Out of sight at once; the sweeper does the rest. */
export function discard({ volume, name }: Omit<Transfer, typeof Symbol.dispose>, uploads: Folder): void {
  using workspace = openWorkspace(volume)
  try {
    renameAt(uploads.fd, name, workspace.fd, draftName('gone'))
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

export function discardTransfer(transfer: Transfer): void {
  using uploads = openReserved(transfer.volume, 'uploads')
  discard(transfer, uploads)
}
