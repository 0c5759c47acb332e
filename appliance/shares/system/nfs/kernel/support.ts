import { readFile } from 'node:fs/promises'
import { Failure } from '../../../../lib/failure.ts'
import { run } from '../../../../lib/run.ts'
import type { NfsStatus } from '../../../schema.ts'
import { orIfMissing } from '../../places.ts'
import { hasProgram } from '../../programs.ts'

const programs = ['exportfs', 'rpc.mountd', 'nfsdcld']

/** Why the kernel's NFS server cannot be used here, or null. There is one of them: what others serve by it is theirs. */
export async function kernelProblem(): Promise<NfsStatus['problem']> {
  if (process.getuid?.() !== 0)
    return { code: 'shares/nfs-needs-root', message: 'NFS needs Cairn to be started as root.' }
  if (!programs.every(hasProgram)) {
    const message = 'NFS by the kernel needs programs that are not installed: nfs-kernel-server.'
    return { code: 'shares/nfs-kernel-not-installed', message }
  }
  if (!(await isKnown()) && !(await isLoaded()))
    return { code: 'shares/nfs-no-kernel-server', message: 'The kernel of this box has no NFS server.' }
  if ((await threadsOfAnybody()) > 0) {
    const message = "The kernel's NFS server is used by another program of this box."
    return { code: 'shares/nfs-kernel-in-use', message }
  }
  return null
}

const isKnown = async () => /\tnfsd$/m.test(await readFile('/proc/filesystems', 'utf8'))

async function isLoaded(): Promise<boolean> {
  try {
    await run(['modprobe', '--quiet', 'nfsd'], { expected: [1] })
  } catch (error) {
    // Where there is no modprobe there are no modules either.
    if (error instanceof Failure && error.code === 'run/not-installed') return false
    throw error
  }
  return isKnown()
}

async function threadsOfAnybody(): Promise<number> {
  const text = await orIfMissing(readFile('/proc/net/rpc/nfsd', 'utf8'), '')
  return Number(/^th (\d+)/m.exec(text)?.[1] ?? 0)
}
