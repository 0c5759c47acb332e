import { mkdirSync } from 'node:fs'
import { errnoOf } from '../../lib/failure.ts'
import { closeDescriptor, lockFile, openFlags, tryLockFile, unlockFile } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { saying } from './failures.ts'
import { type Folder, openVolume } from './folders.ts'
import { randomId } from './ids.ts'

/**
 * `.cairn/tmp` of a volume: where things are made before they appear, and go when they disappear. Its names tell what
 * they are: `new-` is being made by a process that holds a shared lock on it, `gone-` was removed, `moved-` went to
 * another volume with its ids. Whatever nobody holds is swept.
 */
export type Draft = 'new' | 'gone' | 'moved'

export function draftName(kind: Draft): string {
  return `${kind}-${randomId().toString(36)}${randomId().toString(36)}`
}

export function openWorkspace(volume: Volume): Folder {
  return openReserved(volume, 'tmp')
}

/** The workspace, in its volume. */
export const workspacePath = ['.cairn', 'tmp'] as const

/** A folder of our own in a volume. */
export function openReserved(volume: Volume, name: 'tmp' | 'uploads' | 'trash' | 'versions'): Folder {
  using top = openVolume(volume)
  return saying(() => openOrMake(top, `.cairn/${name}`))
}

/** The same, or what lies in it, without making it. */
export function openReservedIfThere(volume: Volume, path: string): Folder | undefined {
  using top = openVolume(volume)
  try {
    return top.folder(`.cairn/${path}`, openFlags.readOnly)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function openOrMake(top: Folder, path: string): Folder {
  try {
    return top.folder(path, openFlags.readOnly)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  for (const one of ['.cairn', path]) makeIfMissing(top.at(one))
  return top.folder(path, openFlags.readOnly)
}

export function makeIfMissing(path: string) {
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

/**
 * Runs `act`, which must be short and synchronous, while no other process of ours changes names in this volume: so
 * that what a precondition saw is what gets replaced.
 */
export function exclusively<T>(volume: Volume, act: (workspace: Folder) => T): T {
  using workspace = openWorkspace(volume)
  return exclusivelyIn(workspace, () => act(workspace))
}

/** The same in a workspace that is open already. */
export function exclusivelyIn<T>(workspace: Folder, act: () => T): T {
  return saying(() => {
    lockFile(workspace.fd, 'exclusive')
    try {
      return act()
    } finally {
      unlockFile(workspace.fd)
    }
  })
}

/** Makes a file or folder by `make` and marks it as held, unseen by a sweep in between. */
export function makeDraft(workspace: Folder, make: (name: string) => number): { name: string; fd: number } {
  const name = draftName('new')
  return exclusivelyIn(workspace, () => {
    const fd = make(name)
    lockFile(fd, 'shared')
    return { name, fd }
  })
}

/** Whether nobody holds the draft any more. */
export function isAbandoned(workspace: Folder, name: string): boolean {
  const fd = workspace.open(name)
  try {
    return tryLockFile(fd, 'exclusive')
  } finally {
    closeDescriptor(fd)
  }
}
