/** The fixed uid and gid of the service account, to which all that people store belongs: pools travel between boxes. */
export const serviceUid = 2770

/**
 * Whether a process is the service account's and can be nobody else, from `/proc/PID/status` (proc_pid_status(5)). smbd
 * works for somebody in his name, its real uid included, and only the saved one tells that it is root's.
 */
export function isServiceProcess(status: string): boolean {
  const uids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/) ?? []
  return uids.length === 4 && uids.every(uid => Number(uid) === serviceUid)
}
