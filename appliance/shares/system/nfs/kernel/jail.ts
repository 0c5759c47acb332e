import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseMountinfo } from '../../../../lib/mountinfo.ts'
import { type Command, run } from '../../../../lib/run.ts'

export interface JailOptions {
  root: string
  /** What outlives a restart: which clients there were. */
  records: string
  isVersion3: boolean
}

const links = { bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', lib64: 'usr/lib64' }
const nfsdPlace = 'proc/fs/nfsd'
/** Where programs find the host's rpcbind, for version 3 alone. */
const rpcbindSocket = '/run/rpcbind.sock'
const netconfig = '/etc/netconfig'

/**
 * A root of its own for the programs beside the kernel: they read /etc/exports, /etc/nfs.conf and /var/lib/nfs and know no other
 * place, and those are the host's. In here they are ours, and of the host's files there are programs and nothing else. It
 * lies in memory, and goes with its mounts. It is found in there by its path out here too: by that, in their arguments, our
 * programs are told from others.
 */
export function createJail({ root, records, isVersion3 }: JailOptions) {
  const at = (place: string) => join(root, place)
  const bind = (from: string, place: string): Step => ({
    place,
    commands: [['mount', '--bind', from, at(place)]],
  })
  const fresh = (type: string, place: string): Step => ({
    place,
    commands: [['mount', '-t', type, type, at(place)]],
  })
  const usr = bind('/usr', 'usr')
  usr.commands.push(['mount', '-o', 'remount,bind,ro,nosuid,nodev', at('usr')])
  const folders = [
    usr,
    fresh('proc', 'proc'),
    fresh('nfsd', nfsdPlace),
    fresh('rpc_pipefs', 'run/rpc_pipefs'),
    bind(records, 'var/lib/nfs/nfsdcld'),
  ]
  const files = [
    bind('/dev/null', 'dev/null'),
    ...(isVersion3 ? [bind(rpcbindSocket, rpcbindSocket.slice(1))] : []),
  ]

  async function make() {
    // Not every file system can be exported, and what lies above the exports is one, too.
    await run(['mount', '-t', 'tmpfs', '-o', 'mode=0755,size=16m,nosuid,nodev', 'cairn-nfs', root])
    await run(['mount', '--make-private', root])
    for (const path of ['etc/exports.d', 'dev', 'tmp']) await makeFolder(at(path))
    for (const [link, target] of Object.entries(links)) await symlink(target, at(link))
    await makeFolder(dirname(at(root)))
    await symlink('/', at(root))
    await writeFile(at('etc/exports'), '', { mode: 0o644 })
    for (const { place, commands } of folders) {
      // The kernel has it there.
      if (place !== nfsdPlace) await makeFolder(at(place))
      for (const command of commands) await run(command)
    }
    for (const { place, commands } of files) {
      await writeFile(at(place), '', { mode: 0o644 })
      for (const command of commands) await run(command)
    }
    if (isVersion3) await copyFile(netconfig, at(netconfig))
  }

  return {
    /** Whole, or by an agent that was killed. */
    isThere: async () => (await mountsAt(root)).includes(at(nfsdPlace)),
    make,
    /** With whatever is exported. */
    async remove() {
      for (const place of (await mountsAt(root)).reverse()) {
        const { code } = await run(['umount', '--no-canonicalize', place], { expected: [32] })
        if (code !== 0) await run(['umount', '--no-canonicalize', '--lazy', place])
      }
    },
  }
}

interface Step {
  place: string
  commands: Command[]
}

const makeFolder = (path: string) => mkdir(path, { recursive: true, mode: 0o755 })

/** In the order in which they were mounted. */
async function mountsAt(root: string): Promise<string[]> {
  const mounts = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
  return mounts.map(({ place }) => place).filter(place => place === root || place.startsWith(`${root}/`))
}
