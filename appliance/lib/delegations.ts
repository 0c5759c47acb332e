import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { errnoOf } from './failure.ts'

const nfsServer = '/proc/net/rpc/nfsd'
const table = '/proc/locks'

/** Whether there is one that could lend anything. */
export const hasNfsServer = (): boolean => existsSync(nfsServer)

/**
 * Whether the kernel's NFS server may have promised a client that nobody changes this file (a delegation, RFC 8881 section
 * 10.4). A rename of it waits, and with it this whole process, until the client gives it back or is given up. Told by the
 * inode (proc_locks(5)), so of another subvolume's file of that number too.
 */
export function isDelegated(fd: number): boolean {
  const { ino } = fstatSync(fd)
  return readFileSync(table, 'utf8')
    .split('\n')
    .some(line => line.includes(' DELEG ') && line.includes(`:${ino} `))
}

/** Asks the client for it, without waiting: whoever opens a file to write does. */
export function recallDelegation(fd: number): void {
  try {
    closeSync(openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK))
  } catch (error) {
    // It was asked for; or the file is not ours to write, or is being run.
    if (!['EAGAIN', 'EACCES', 'EROFS', 'ETXTBSY'].includes(errnoOf(error) ?? '')) throw error
  }
}
