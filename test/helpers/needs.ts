import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
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
  | 'kernelNfs'
  | 'noKernelNfs'
  | 'nfsMount'
  | 'libnfs'
  | 'rpcbind'
  | 'rauc'
  | 'mtools'
  | 'faketime'
  | 'busctl'

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
  kernelNfs: () => hasProgram('exportfs') && (isKnownToKernel('nfsd') || hasModule('nfsd')),
  noKernelNfs: () => !isThere.kernelNfs(),
  nfsMount: () => hasProgram('mount.nfs4') && (isKnownToKernel('nfs4') || hasModule('nfsv4')),
  libnfs: () => hasProgram('nfs-cp'),
  rpcbind: () => hasProgram('rpcbind'),
  mtools: () => hasProgram('mcopy') && hasProgram('mkfs.vfat'),
  faketime: () => hasProgram('faketime'),
  busctl: () => hasProgram('busctl'),
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

function isKnownToKernel(fileSystem: string): boolean {
  return readFileSync('/proc/filesystems', 'utf8').includes(`\t${fileSystem}\n`)
}

function hasModule(name: string): boolean {
  const list = `/lib/modules/${release()}/modules.dep`
  return existsSync(list) && new RegExp(`/${name}\\.ko`).test(readFileSync(list, 'utf8'))
}

function hasProgram(name: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'].some(folder =>
    existsSync(`${folder}/${name}`),
  )
}
