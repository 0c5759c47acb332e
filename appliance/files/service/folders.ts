import { errnoOf, Failure } from '../../lib/failure.ts'
import { closeDescriptor, openBeneath, openFlags, openFolder as openTop } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { noParent, saying } from './failures.ts'

/**
 * An open folder. What is done in it goes by `fd` or by `at(name)`, so that it happens in this very folder, whatever
 * its path has become since. Close it, best by `using`.
 */
export class Folder {
  readonly fd: number
  constructor(fd: number) {
    this.fd = fd
  }
  get path(): string {
    return `/proc/self/fd/${this.fd}`
  }
  /** A path for Node's fs; the last name would be followed if it were a link: look first, or open with `open`. */
  at(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`
  }
  /** The descriptor of a file or folder in here; never follows a link, never waits for a pipe's other end. */
  open(name: string, flags: number = openFlags.readOnly, mode = 0): number {
    return openBeneath(this.fd, name, flags | openFlags.nonBlock, mode)
  }
  folder(name: string, flags: number = openFlags.path): Folder {
    return new Folder(openBeneath(this.fd, name, flags | openFlags.directory))
  }
  [Symbol.dispose](): void {
    closeDescriptor(this.fd)
  }
}

/** The top of a volume. Whatever hinders it, the volume is away: what is in it is never called missing. */
export function openVolume(volume: Volume): Folder {
  if (!volume.isAvailable) throw away(volume)
  try {
    return new Folder(openTop(volume.path))
  } catch (error) {
    throw away(volume, error)
  }
}

export function openFolder(volume: Volume, path: readonly string[]): Folder {
  const top = openVolume(volume)
  if (path.length === 0) return top
  using _top = top
  return saying(() => top.folder(path.join('/')))
}

/** The folder in which something shall be put: where it is missing, that is a conflict (RFC 4918, 9.7.1). */
export function openParent(volume: Volume, path: readonly string[]): Folder {
  try {
    return openFolder(volume, path)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'missing') throw noParent()
    throw error
  }
}

export function away(volume: Volume, cause?: unknown): Failure {
  if (errnoOf(cause) === 'EMFILE' || errnoOf(cause) === 'ENFILE') {
    return new Failure('unavailable', 'files/busy', 'Too many files are open. Try again in a moment.', {
      cause,
    })
  }
  const what = volume.kind === 'home' ? 'The home folder' : `The share "${volume.name}"`
  const message = `Storage is temporarily not available: ${what} is on a pool that is away.`
  return new Failure('unavailable', 'files/away', message, { cause })
}
