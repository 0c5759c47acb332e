import { mkdirSync } from 'node:fs'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { FileStatus, openFlags, readStatus, setXattr } from '../../../lib/posix.ts'
import { compareNames, layOut } from '../../plan/uploads.ts'
import type { Person, Volume, Volumes } from '../../schema.ts'
import { missing, saying, sayingAsync } from '../failures.ts'
import { syncFolder } from '../removing.ts'
import { requireSpace } from '../space.ts'
import type { Sweeper } from '../sweeping.ts'
import type { SyncQueue } from '../sync-queue.ts'
import { requireWritable, type Spot } from '../tree.ts'
import { exclusivelyIn, openReserved } from '../workspace.ts'
import type { Replacing, Written } from '../writing.ts'
import { createExpiring, discardTransfer } from './expiring.ts'
import { createFinishing, type FinishOptions } from './finishing.ts'
import { createProgress } from './progress.ts'
import { type ChunkOptions, createReceiving } from './receiving.ts'
import {
  announcedTotal,
  dropChunk,
  findTransfer,
  readTransfer,
  requireTransfer,
  type Transfer,
  totalAttribute,
  transferName,
} from './transfer.ts'

type Path = readonly string[]

export interface TransferListing {
  modifiedAtMs: number
  /** In their order in the file. */
  chunks: { name: string; size: number }[]
  totalBytes: number
}

/** A file that comes in chunks. A transfer has a name that its owner gave it, and exists only for them. */
export interface Uploads {
  begin(person: Person, transfer: string, options: { destination?: Path; totalBytes?: number }): Promise<void>
  put(
    person: Person,
    transfer: string,
    chunk: string,
    body: AsyncIterable<Uint8Array>,
    options?: ChunkOptions & { totalBytes?: number },
  ): Promise<void>
  list(person: Person, transfer: string): Promise<TransferListing>
  removeChunk(person: Person, transfer: string, chunk: string): Promise<void>
  remove(person: Person, transfer: string): Promise<void>
  /** Answered when the file is in its place, durable. */
  finish(person: Person, transfer: string, destination: Path, options: FinishOptions): Promise<Written>
}

export interface UploadDeps {
  shares: Volumes
  spot(person: Person, path: Path): Spot
  replace: Replacing
  sync: SyncQueue
  sweeper: Sweeper
  log: Log
}

export function createUploads({ shares, spot, replace, sync, sweeper, log }: UploadDeps) {
  const progress = createProgress()
  const receive = createReceiving({ sync, progress })
  const finish = createFinishing({ replace, progress })
  const expiring = createExpiring({ sweeper, log })

  function open(person: Person, transfer: string): Transfer {
    const volumes = shares.volumes(person)
    volumes.forEach(expiring.meet)
    return requireTransfer(volumes, transferName(person, transfer))
  }

  const uploads: Uploads = {
    async begin(person, transfer, { destination, totalBytes }) {
      const { volume } = spot(person, destination ?? [])
      requireWritable({ volume, path: [] })
      const name = transferName(person, transfer)
      using found = findTransfer(shares.volumes(person), name)
      if (found) throw nameTaken()
      expiring.begun(volume)
      await sayingAsync(() => make(volume, name, totalBytes))
    },
    async put(person, transfer, chunk, body, options = {}) {
      checkChunkName(chunk)
      using found = open(person, transfer)
      requireWritable({ volume: found.volume, path: [] })
      await requireSpace(found.volume, bytesToCome(found, options))
      await sayingAsync(() => receive(found, chunk, body, options))
    },
    async list(person, transfer) {
      using found = open(person, transfer)
      return saying(() => describe(found))
    },
    async removeChunk(person, transfer, chunk) {
      using found = open(person, transfer)
      if (!exclusivelyIn(found.folder, () => dropChunk(found.folder, chunk))) throw missing()
    },
    async remove(person, transfer) {
      using found = open(person, transfer)
      end(found)
    },
    async finish(person, transfer, destination, options) {
      using found = open(person, transfer)
      const written = await sayingAsync(() => finish(found, spot(person, destination), options))
      end(found)
      return written
    },
  }

  async function make(volume: Volume, name: string, totalBytes: number | undefined) {
    using all = openReserved(volume, 'uploads')
    try {
      mkdirSync(all.at(name), 0o700)
    } catch (error) {
      throw errnoOf(error) === 'EEXIST' ? nameTaken() : error
    }
    using folder = all.folder(name, openFlags.readOnly)
    if (totalBytes !== undefined) setXattr(folder.fd, totalAttribute, Buffer.from(String(totalBytes)))
    await syncFolder(folder, sync)
  }

  function end(transfer: Transfer) {
    progress.forget(transfer)
    saying(() => discardTransfer(transfer))
    sweeper.sweep(transfer.volume)
  }

  return { uploads, meet: expiring.meet, start: expiring.start, stop: expiring.stop }
}

/** What is still to be written, so that a file that does not fit is refused with its first chunk. */
function bytesToCome({ folder }: Transfer, { size = 0, totalBytes }: ChunkOptions & { totalBytes?: number }) {
  const total = totalBytes ?? announcedTotal(folder)
  if (total === undefined) return size
  const present = readTransfer(folder).chunks.reduce((sum, chunk) => sum + chunk.size, 0)
  return Math.max(size, total - present)
}

const status = new FileStatus()

function describe({ folder }: Transfer): TransferListing {
  const { chunks } = readTransfer(folder)
  if (!readStatus(folder.fd, '', status)) throw missing()
  return {
    modifiedAtMs: status.modifiedSeconds * 1000,
    chunks: chunks.sort((a, b) => compareNames(a.name, b.name)).map(({ name, size }) => ({ name, size })),
    totalBytes: layOut(chunks).totalBytes,
  }
}

/** They become parts of file names. */
function checkChunkName(name: string) {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return
  throw new Failure('invalid', 'files/chunk-name', 'A chunk is named by letters, digits, dots and dashes.')
}

function nameTaken() {
  return new Failure('conflict', 'files/name-taken', 'There is an upload of that name already.')
}
