import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { type Cairn, eventually } from './cairn.ts'

const run = promisify(execFile)
const socketPath = '/run/rpcbind.sock'

export type NfsVersion = 3 | 4

/** One behaviour, whoever serves: scripts/test runs the NFS tests a second time in a guest whose kernel has a server. */
export const testedEngine =
  process.env.CAIRN_NFS_ENGINE === 'kernel'
    ? ({ name: 'kernel', need: 'kernelNfs' } as const)
    : ({ name: 'ganesha', need: 'ganesha' } as const)

/** libnfs' own programs against the exports of a Cairn. */
export interface NfsClient {
  /** The names in a folder, with what nfs-ls says of them. */
  list(path: string): Promise<Map<string, { size: number; owner: number; isFolder: boolean }>>
  copyIn(file: string, path: string): Promise<void>
  copyOut(path: string, file: string): Promise<void>
  cat(path: string): Promise<Buffer>
}

/**
 * Paths begin with the name of the export. Version 4 of libnfs cannot write 4 KiB or more, so large files are written by
 * version 3, which finds an export by where the server has it.
 */
export function nfsClient(
  cairn: Pick<Cairn, 'nfsPort'>,
  version: NfsVersion,
  { mountPort }: { mountPort?: number } = {},
): NfsClient {
  const query = new URLSearchParams({ version: String(version), nfsport: String(cairn.nfsPort) })
  if (mountPort !== undefined) query.set('mountport', String(mountPort))
  const urlOf = (path: string) => `nfs://127.0.0.1${path}?${query}`
  return {
    async list(path) {
      const { stdout } = await run('nfs-ls', [urlOf(path)])
      const lines = stdout.split('\n').filter(Boolean)
      return new Map(
        lines.map(line => {
          const [mode = '', , owner, , size, ...name] = line.trim().split(/ +/)
          return [
            name.join(' '),
            { size: Number(size), owner: Number(owner), isFolder: mode.startsWith('d') },
          ]
        }),
      )
    },
    copyIn: async (file, path) => void (await run('nfs-cp', [file, urlOf(path)])),
    copyOut: async (path, file) => void (await run('nfs-cp', [urlOf(path), file])),
    async cat(path) {
      const { stdout } = await run('nfs-cat', [urlOf(path)], { encoding: 'buffer', maxBuffer: 2 ** 28 })
      return stdout
    },
  }
}

/** How many names the index has of a share, the share's own among them. */
export async function indexedIn(cairn: Cairn, share: string): Promise<number | undefined> {
  const { body } = await cairn.api('GET', '/files/index')
  return (body as { name: string; entries: number }[]).find(({ name }) => name === share)?.entries
}

/** The process without which this Cairn exports nothing: ganesha, or what answers the kernel's questions. */
export function nfsServerOf(cairn: Cairn, engine: 'kernel' | 'ganesha'): number | undefined {
  const isIt = engine === 'kernel' ? isMountdOf : isGaneshaOf
  const pids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
  return pids.find(pid => {
    try {
      return isIt(cairn, pid)
    } catch {
      // It ended meanwhile, or is a thread of the kernel.
      return false
    }
  })
}

function isGaneshaOf(cairn: Cairn, pid: number): boolean {
  const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const conf = args.find(arg => arg.endsWith('ganesha.conf'))
  if (program !== 'ganesha.nfsd' || conf === undefined) return false
  return readFileSync(conf, 'utf8').includes(`${cairn.nfsPort};`)
}

function isMountdOf(cairn: Cairn, pid: number): boolean {
  const folder = nfsdFolderOf(pid)
  if (folder === undefined) return false
  const ports = readFileSync(`${folder}/portlist`, 'utf8')
  return ports.split('\n').includes(`tcp ${cairn.nfsPort}`)
}

/** Where the files are by which the kernel's server is told, if this process is the one that answers it. */
function nfsdFolderOf(pid: number): string | undefined {
  const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const root = args.find(arg => arg.endsWith('/var/lib/nfs'))?.replace('/var/lib/nfs', '')
  return program === 'rpc.mountd' && root !== undefined ? `${root}/proc/fs/nfsd` : undefined
}

/** How many threads the kernel's server has for this Cairn; 0: it does not serve for it. */
export function nfsdThreadsOf(cairn: Cairn): number {
  const pid = nfsServerOf(cairn, 'kernel')
  const folder = pid === undefined ? undefined : nfsdFolderOf(pid)
  return folder === undefined ? 0 : Number(readFileSync(`${folder}/threads`, 'utf8'))
}

/**
 * Version 3 is registered with rpcbind or not served. One of our own listens in a network of its own: here it has only
 * its Unix socket, and no port of this machine.
 */
export async function startRpcbind(t: ExecutionContext): Promise<void> {
  if (await isAnswering()) return
  await rm(socketPath, { force: true })
  const child = spawn('unshare', ['-n', 'rpcbind', '-f'], { stdio: 'ignore' })
  t.teardown(async () => {
    const gone = child.exitCode === null ? once(child, 'exit') : undefined
    child.kill()
    await gone
    await rm(socketPath, { force: true })
  })
  await eventually(isAnswering)
}

function isAnswering(): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(socketPath)
    const answer = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}
