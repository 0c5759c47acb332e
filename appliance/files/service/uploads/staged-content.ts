import { ftruncateSync } from 'node:fs'
import { closeDescriptor, openFlags } from '../../../lib/posix.ts'
import { contentName } from '../../plan/uploads.ts'
import { fileMode, type Placeable, setModes } from '../drafts.ts'
import type { Folder } from '../folders.ts'
import { openWorkspace } from '../workspace.ts'
import type { Transfer } from './transfer.ts'

/** The content of a transfer, which is renamed into its place from where it grew; it stays there unless it was placed. */
export class StagedContent implements Placeable {
  readonly workspace: Folder
  readonly folder: Folder
  readonly name = contentName
  fd: number

  constructor({ volume, folder }: Transfer) {
    this.folder = folder
    this.workspace = openWorkspace(volume)
    try {
      this.fd = folder.open(contentName, openFlags.readWrite | openFlags.create, fileMode)
    } catch (error) {
      this.workspace[Symbol.dispose]()
      throw error
    }
  }

  /** What a chunk that broke off may have left behind the end. */
  cutAt(sizeBytes: number): void {
    ftruncateSync(this.fd, sizeBytes)
  }

  seal(modifiedAtMs: number | undefined, executableBits: number): void {
    setModes(this.fd, modifiedAtMs, executableBits)
    const fd = this.folder.open(this.name)
    closeDescriptor(this.fd)
    this.fd = fd
  }

  placed(): void {
    // Nothing of it is left to be cleared away.
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.fd)
    this.workspace[Symbol.dispose]()
  }
}
