import { errnoOf, Failure, type FailureKind } from '../../lib/failure.ts'

const known: Record<string, [FailureKind, string, string]> = {
  ENOENT: ['missing', 'files/missing', 'There is no such file or folder.'],
  ENOTDIR: ['missing', 'files/missing', 'There is no such file or folder.'],
  // A symbolic link on the way or at its end: no face follows one.
  ELOOP: ['missing', 'files/missing', 'There is no such file or folder.'],
  EXDEV: ['missing', 'files/missing', 'There is no such file or folder.'],
  ENAMETOOLONG: ['invalid', 'files/name-too-long', 'The path is too long.'],
  ENOSPC: ['full', 'files/full', 'There is no space left in this pool.'],
  EDQUOT: ['full', 'files/full', 'There is no space left for this account.'],
  EFBIG: ['too-large', 'files/too-large', 'The file is too large for this pool.'],
  EROFS: ['forbidden', 'files/read-only-pool', 'This pool is read-only at the moment.'],
  EACCES: ['forbidden', 'files/no-access', 'The file belongs to another account of the box.'],
  EPERM: ['forbidden', 'files/no-access', 'The file belongs to another account of the box.'],
  EIO: [
    'unavailable',
    'files/disk-error',
    'Storage is temporarily not available: the disk reports an error.',
  ],
  ENODEV: ['unavailable', 'files/disk-error', 'Storage is temporarily not available: the disk is gone.'],
  ESTALE: ['unavailable', 'files/disk-error', 'Storage is temporarily not available: the disk is gone.'],
  EMFILE: ['unavailable', 'files/busy', 'Too many files are open. Try again in a moment.'],
  ENFILE: ['unavailable', 'files/busy', 'Too many files are open. Try again in a moment.'],
}

/** What a failed system call on a file means to the caller; anything unknown stays as it is. */
export function asFileFailure(error: unknown): unknown {
  const found = known[errnoOf(error) ?? '']
  if (!found) return error
  return new Failure(...found, { cause: error })
}

/** Runs `act`, and turns the errno of a system call into a failure. */
export function saying<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw asFileFailure(error)
  }
}

export async function sayingAsync<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw asFileFailure(error)
  }
}

export function missing(): Failure {
  return new Failure('missing', 'files/missing', 'There is no such file or folder.')
}

export function noParent(): Failure {
  return new Failure('conflict', 'files/no-parent', 'The folder that it should lie in does not exist.')
}

export function isFolder(): Failure {
  return new Failure('conflict', 'files/is-a-folder', 'There is a folder of that name.')
}

export function inTheWay(): Failure {
  return new Failure('forbidden', 'files/not-a-file', 'A link or device of that name is in the way.')
}

export function openElsewhere(): Failure {
  return new Failure(
    'locked',
    'files/open-elsewhere',
    'Somebody has this file open for writing on the network drive.',
  )
}

export function changedWhileMoved(): Failure {
  return new Failure(
    'conflict',
    'files/changed-while-moved',
    'The file was changed while it was being moved. Try again.',
  )
}

export function cancelled(cause: unknown): Failure {
  return new Failure('cancelled', 'files/upload-ended', 'The upload ended before all of it had arrived.', {
    cause,
  })
}
