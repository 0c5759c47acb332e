import { fstatSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { hasNfsServer, isDelegated, recallDelegation } from '../../lib/delegations.ts'
import { errnoOf } from '../../lib/failure.ts'
import { closeDescriptor } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { openElsewhere } from './failures.ts'
import { type Folder, openParent } from './folders.ts'

/** A machine that is there gives it back in milliseconds; one that is not is given up by the NFS server, later. */
const withinMs = 1_000
const lookEveryMs = 10

/** Before a file is moved or replaced: what an NFS client was lent of it is asked back. Throws where that is not to be had. */
export async function askBack(folder: Folder, name: string): Promise<void> {
  if (!hasNfsServer()) return
  const fd = openIfThere(folder, name)
  if (fd === undefined) return
  try {
    if (fstatSync(fd).isFile()) await askBackOpen(fd)
  } finally {
    closeDescriptor(fd)
  }
}

/** The same of what lies in this folder of a volume. */
export async function askBackAt(at: {
  volume: Volume
  parent: readonly string[]
  name: string
}): Promise<void> {
  using folder = openParent(at.volume, at.parent)
  await askBack(folder, at.name)
}

async function askBackOpen(fd: number) {
  const deadline = Date.now() + withinMs
  while (isDelegated(fd)) {
    if (Date.now() > deadline) throw openElsewhere()
    recallDelegation(fd)
    await delay(lookEveryMs)
  }
}

/** What else may have the name is for those to judge who act on it. */
function openIfThere(folder: Folder, name: string): number | undefined {
  try {
    return folder.open(name)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO', 'EACCES'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}
