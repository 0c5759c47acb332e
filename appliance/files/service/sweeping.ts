import { isUtf8 } from 'node:buffer'
import { readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { rm, unlink } from 'node:fs/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { FileStatus, readStatus, renameAt } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { createBreather } from './bursts.ts'
import type { Folder } from './folders.ts'
import { readIdentity } from './ids.ts'
import type { Adopt } from './indexing/adopting.ts'
import { draftName, exclusively, isAbandoned, openWorkspace, workspacePath } from './workspace.ts'

export type RemovedListener = (ids: number[], volume: Volume) => Promise<void>

export interface Sweeper {
  /** Empties the volume's workspace of what is gone, in the background. */
  sweep(volume: Volume): void
  /** Sweeps what an earlier run left, the first time this process meets the volume. */
  meet(volume: Volume): void
  /** Tells that these are gone, where somebody else has removed them. */
  gone(volume: Volume, ids: number[]): Promise<void>
  onRemoved(listener: RemovedListener): void
  stop(): Promise<void>
}

const idsAtOnce = 500
const largeBytes = 64 * 1024 * 1024

export interface SweeperDeps {
  log: Log
  /** An id went on to another file (what replaces a file over SMB inherits its id). */
  isLiving?: (id: number) => boolean
  /** Gives files of other accounts to ours: a folder of root's cannot be emptied by us. */
  adopt?: Adopt | undefined
}

export function createSweeper({ log, isLiving = () => false, adopt }: SweeperDeps): Sweeper {
  const listeners: RemovedListener[] = []
  const met = new Set<string>()
  const wanted = new Map<string, Volume>()
  let running: Promise<void> | undefined
  let isStopping = false

  async function run() {
    for (const [path, volume] of wanted) {
      wanted.delete(path)
      if (isStopping) return
      try {
        await sweepVolume(volume)
      } catch (error) {
        // The pool went away meanwhile: what is left is swept when it is met again.
        if (error instanceof Failure) met.delete(path)
        else log.warn('leftovers could not be removed', { volume: volume.name, error })
      }
    }
  }

  async function sweepVolume(volume: Volume) {
    using workspace = openWorkspace(volume)
    let names = leftovers(volume, workspace)
    while (names.length > 0 && !isStopping) {
      for (const name of names) await removeSafely(volume, workspace, name)
      names = leftovers(volume, workspace).filter(name => !names.includes(name))
    }
  }

  /** What cannot be removed holds up nothing else. */
  async function removeSafely(volume: Volume, workspace: Folder, name: string) {
    try {
      await removeDraft(volume, workspace, name)
    } catch (error) {
      if (error instanceof Failure) throw error
      log.warn('a leftover could not be removed', { volume: volume.name, name, error })
    }
  }

  async function takeOver(volume: Volume, ...path: string[]) {
    if (status.uid !== ownUid) await adopt?.(volume, [[...workspacePath, ...path]])
  }

  /**
   * Folders are flattened: a folder in a folder is first renamed up into the workspace. So a tree of any depth takes
   * neither recursion nor descriptors, and a crash at any point leaves nothing that the next sweep would not find.
   */
  async function removeDraft(volume: Volume, workspace: Folder, name: string) {
    const kind = name.startsWith('gone-') ? 'gone' : 'moved'
    const stack = [name]
    const breathe = createBreather()
    let ids: number[] = []
    const note = async (id: number | undefined) => {
      if (id !== undefined && kind === 'gone') ids.push(id)
      if (ids.length >= idsAtOnce) ids = await tell(ids, volume)
    }
    for (let one = stack.pop(); one !== undefined && !isStopping; one = stack.pop()) {
      if (!readStatus(workspace.fd, one, status)) continue
      await note(identityOf(workspace, one))
      if (status.kind !== 'folder') {
        await removeFile(workspace, one)
        continue
      }
      await takeOver(volume, one)
      using folder = workspace.folder(one)
      for (const bytes of readdirSync(folder.path, 'buffer')) {
        await breathe()
        const child = bytes.toString()
        if (!isUtf8(bytes))
          await rm(Buffer.concat([Buffer.from(folder.at('')), bytes]), { recursive: true, force: true })
        else if (!readStatus(folder.fd, child, status)) continue
        else if (status.kind === 'folder') {
          await takeOver(volume, one, child)
          stack.push(moveUp(folder, child, workspace, kind))
        } else {
          await note(identityOf(folder, child))
          await removeFile(folder, child)
        }
      }
      ignoreMissing(() => rmdirSync(workspace.at(String(one))))
    }
    await tell(ids, volume)
  }

  async function tell(ids: number[], volume: Volume): Promise<number[]> {
    const gone = ids.filter(id => !isLiving(id))
    if (gone.length > 0) for (const listener of listeners) await listener(gone, volume)
    return []
  }

  const sweep = (volume: Volume) => {
    wanted.set(volume.path, volume)
    running ??= run().finally(() => {
      running = undefined
      if (wanted.size > 0 && !isStopping) for (const one of wanted.values()) sweep(one)
    })
  }

  return {
    sweep,
    meet(volume) {
      if (met.has(volume.path) || !volume.isAvailable || volume.isReadOnly) return
      met.add(volume.path)
      sweep(volume)
    },
    async gone(volume, ids) {
      await tell(ids, volume)
    },
    onRemoved: listener => void listeners.push(listener),
    async stop() {
      isStopping = true
      await running
    },
  }
}

const status = new FileStatus()
const ownUid = process.getuid?.() ?? 0

function identityOf(folder: Folder, name: string): number | undefined {
  return status.kind === 'other' ? undefined : readIdentity(folder.at(name))?.id
}

function leftovers(volume: Volume, workspace: Folder): string[] {
  const names = readdirSync(workspace.path)
  return names.filter(name => {
    if (name.startsWith('gone-') || name.startsWith('moved-')) return true
    if (!name.startsWith('new-')) return false
    return ignoreMissing(() => exclusively(volume, () => isAbandoned(workspace, name))) ?? false
  })
}

function moveUp(folder: Folder, child: string, workspace: Folder, kind: 'gone' | 'moved'): string {
  const name = draftName(kind)
  ignoreMissing(() => renameAt(folder.fd, child, workspace.fd, name))
  return name
}

async function removeFile(folder: Folder, name: string) {
  try {
    if (status.sizeBytes > largeBytes) await unlink(folder.at(name))
    else unlinkSync(folder.at(name))
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

/** Another server process may be sweeping the same leftovers. */
function ignoreMissing<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || (error instanceof Failure && error.kind === 'missing'))
      return undefined
    throw error
  }
}
