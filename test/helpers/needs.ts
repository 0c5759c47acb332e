import { existsSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'

export type Need =
  | 'root'
  | 'btrfs'
  | 'smbd'
  | 'smbclient'
  | 'litmus'
  | 'cadaver'
  | 'rclone'
  | 'chromium'
  | 'ganesha'
  | 'libnfs'
  | 'rpcbind'
  | 'rauc'

const isThere: Record<Need, () => boolean> = {
  root: () => process.getuid?.() === 0,
  btrfs: () =>
    existsSync('/dev/loop-control') &&
    readFileSync('/proc/filesystems', 'utf8').includes('btrfs') &&
    hasProgram('mkfs.btrfs'),
  smbd: () => hasProgram('smbd'),
  smbclient: () => hasProgram('smbclient'),
  litmus: () => hasProgram('litmus'),
  cadaver: () => hasProgram('cadaver'),
  rclone: () => hasProgram('rclone'),
  chromium: () => hasProgram('chromium'),
  ganesha: () => hasProgram('ganesha.nfsd'),
  libnfs: () => hasProgram('nfs-cp'),
  rpcbind: () => hasProgram('rpcbind'),
  rauc: () => hasProgram('rauc') && hasProgram('dbus-daemon') && hasProgram('mksquashfs'),
}

/** `test.serial` where the machine has all of it, else `test.skip`, which shows the reason in the title. */
export function testIf(
  ...needs: Need[]
): (title: string, run: (t: ExecutionContext) => Promise<void> | void) => void {
  const missing = needs.filter(need => !isThere[need]())
  if (missing.length === 0) return (title, run) => test.serial(title, run)
  return (title, run) => test.skip(`${title} (needs ${missing.join(', ')})`, run)
}

function hasProgram(name: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'].some(folder =>
    existsSync(`${folder}/${name}`),
  )
}
