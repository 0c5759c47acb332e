import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../../../lib/failure.ts'
import { devicesInStates } from '../../../parse/nfsd-states.ts'
import { orIfMissing } from '../../places.ts'

/**
 * How long a client that went is waited for: by who wants what it had open, and by the others after a restart. The least that
 * the kernel takes.
 */
const leaseSeconds = 10

/** What is put back when it ends, or the next server on this machine would find ours. */
export type NfsdSettings = Record<(typeof settings)[number], string>

const settings = ['versions', 'nfsv4leasetime', 'nfsv4gracetime'] as const

/** nfsd(7): the files by which the kernel's NFS server is told. There is one of them in a network namespace. */
export function createNfsd(folder: string) {
  const read = async (name: string) => (await readFile(join(folder, name), 'utf8')).trim()
  const write = (name: string, text: string) => writeFile(join(folder, name), `${text}\n`)
  const threads = async () => Number(await orIfMissing(read('threads'), '0'))
  const ports = async () => (await read('portlist')).split('\n').filter(Boolean)

  return {
    threads,
    async settings(): Promise<NfsdSettings> {
      const [versions, nfsv4leasetime, nfsv4gracetime] = await Promise.all(settings.map(read))
      return {
        versions: versions ?? '',
        nfsv4leasetime: nfsv4leasetime ?? '',
        nfsv4gracetime: nfsv4gracetime ?? '',
      }
    },
    async putBack(found: NfsdSettings) {
      for (const name of settings) await write(name, found[name])
    },
    /** Answers false where the port is in use. */
    async start(wanted: { port: number; threads: number; isVersion3: boolean }): Promise<boolean> {
      await write('versions', versionsOf(await read('versions'), wanted.isVersion3))
      await write('nfsv4leasetime', String(leaseSeconds))
      await write('nfsv4gracetime', String(leaseSeconds))
      try {
        if ((await ports()).length === 0) await write('portlist', `tcp ${wanted.port}`)
      } catch (error) {
        if (errnoOf(error) === 'EADDRINUSE') return false
        throw error
      }
      await write('threads', String(wanted.threads))
      return true
    },
    /** Nobody who is connected notices. */
    resize: (wanted: number) => write('threads', String(wanted)),
    /** With all that clients had open. */
    stop: () => write('threads', '0'),
    /** Forgets who has something open on this device, with all of it; a client that is there makes itself known again. */
    async forgetThoseOn(device: string) {
      for (const id of await orIfMissing(readdir(join(folder, 'clients')), [])) {
        const states = await orIfMissing(read(join('clients', id, 'states')), '')
        if (devicesInStates(states).includes(device))
          await orIfMissing(write(join('clients', id, 'ctl'), 'expire'), undefined)
      }
    },
  }
}

/**
 * Not 4.2, by which clients could read and set the attributes that hold a file's id (RFC 8276). What a kernel does not know
 * cannot be switched off in it.
 */
function versionsOf(known: string, isVersion3: boolean): string {
  const isKnown = (version: string) => known.split(' ').some(each => each.slice(1) === version)
  return [
    ...(isKnown('2') ? ['-2'] : []),
    ...(isKnown('3') ? [isVersion3 ? '+3' : '-3'] : []),
    '+4',
    ...(isKnown('4.1') ? ['+4.1'] : []),
    ...(isKnown('4.2') ? ['-4.2'] : []),
  ].join(' ')
}

/** Whether a process has a file of this name open, which is when it listens. */
export async function hasOpen(pid: number, name: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const fds = await orIfMissing(readdir(folder), [])
  const paths = await Promise.all(fds.map(fd => orIfMissing(readlink(join(folder, fd)), '')))
  return paths.some(path => path.endsWith(name))
}
