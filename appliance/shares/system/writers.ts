import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { BoundedMap } from '../../lib/bounded-map.ts'
import type { Clock } from '../../lib/clock.ts'
import { errnoOf } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { serviceUid } from '../../lib/service-account.ts'
import { parseSmbStatus } from '../parse/smbstatus.ts'
import type { Writer } from '../schema.ts'
import { nfsPeers } from './nfs/peers.ts'
import type { SmbSessions } from './smb-sessions.ts'
import type { Smbd } from './smbd.ts'

export interface WritersDeps {
  sessions: SmbSessions
  smbd: Pick<Smbd, 'tool'>
  /** Of our smbd: another one on this box is a program like any other. */
  conf: string
  /** Of our NFS server: its configuration, and where its clients connect. */
  nfs: { conf: string; port: number }
  clock: Clock
  log: Log
}

interface Process {
  command: string[]
  name: string
  uid: number
  parent: number
}

const keptMs = 10 * 60_000
const mostKept = 10_000
const askSmbstatusEveryMs = 1_000

/** Who is behind a process: an SMB session, one of our own, or a program of the box. It may have ended meanwhile. */
export function createWriters({ sessions, smbd, conf, nfs, clock, log }: WritersDeps) {
  const remembered = new BoundedMap<number, { writer: Writer; atMs: number }>(mostKept)
  let askedSmbstatusAtMs = Number.NEGATIVE_INFINITY

  function fromSession(pid: number): Writer | undefined {
    const session = sessions.of(pid)
    return session && { pid, face: 'smb', ...session }
  }

  /** Undefined: a process of smbd of which nobody has told us. */
  function find(pid: number): Writer | undefined {
    const process = processOf(pid)
    if (!process || isEnding(process)) return fromSession(pid) ?? lastKnown(pid) ?? { ...nobody, pid }
    if (isGanesha(process, nfs.conf) || isNfsd(process))
      return { ...nobody, pid, face: 'nfs', address: onlyPeer(nfs.port) }
    if (!isSmbd(process, conf)) return { ...nobody, pid, ...outsideSmb(pid, process) }
    return fromSession(pid)
  }

  function lastKnown(pid: number): Writer | undefined {
    const known = remembered.get(pid)
    return known && clock.now() - known.atMs < keptMs ? known.writer : undefined
  }

  /** smbd outlives an agent; and lines may be missed. */
  async function learnFromSmbstatus() {
    if (clock.now() - askedSmbstatusAtMs < askSmbstatusEveryMs) return
    askedSmbstatusAtMs = clock.now()
    try {
      const { stdout } = await smbd.tool(['smbstatus', '--json'])
      const byPid = Map.groupBy(parseSmbStatus(stdout).sessions, ({ pid }) => pid)
      for (const [pid, all] of byPid) if (!sessions.of(pid)) sessions.add(pid, inCommon(all))
    } catch (error) {
      log.warn('it cannot be told who is connected over SMB', { error })
    }
  }

  function remember(writer: Writer): Writer {
    if (writer.user !== null || writer.face !== 'box')
      remembered.set(writer.pid, { writer, atMs: clock.now() })
    return writer
  }

  return async (pids: readonly number[]): Promise<Writer[]> => {
    sessions.read()
    const found = [...new Set(pids)].map(pid => ({ pid, writer: find(pid) }))
    if (found.some(({ writer }) => writer === undefined)) await learnFromSmbstatus()
    return found.map(({ pid, writer }) =>
      remember(writer ?? fromSession(pid) ?? { ...nobody, pid, face: 'smb' }),
    )
  }
}

const nobody = { face: 'box', user: null, address: null, machine: null } as const

function inCommon(all: readonly { user: string; address: string | null; machine: string | null }[]) {
  const [first] = all
  const isOne = all.every(({ user }) => user === first?.user)
  return {
    user: isOne ? (first?.user ?? null) : null,
    address: first?.address ?? null,
    machine: first?.machine ?? null,
  }
}

function outsideSmb(pid: number, { uid, parent }: Process): Pick<Writer, 'face' | 'user'> {
  const isOurs = pid === process.pid || parent === process.pid || uid === serviceUid
  if (isOurs) return { face: 'server', user: null }
  return { face: 'box', user: accountOf(uid) }
}

/** One that is just ending has no command line any more; nor has a thread of the kernel. */
function isEnding({ command, name }: Process): boolean {
  return command.length === 0 && name.startsWith('smbd')
}

function isSmbd({ command: [program = '', ...args] }: Process, conf: string): boolean {
  return basename(program).startsWith('smbd') && args.includes(conf)
}

/** NFS does not tell who wrote; where only one machine is connected, it was that one. */
function onlyPeer(port: number): string | null {
  const [one, ...others] = nfsPeers(port)
  return one !== undefined && others.length === 0 ? one : null
}

function isGanesha({ command: [program = '', ...args] }: Process, conf: string): boolean {
  return basename(program) === 'ganesha.nfsd' && args.includes(conf)
}

/** A thread of the kernel, which has no command line. */
const isNfsd = ({ name, command }: Process) => name === 'nfsd' && command.length === 0

/** proc(5). Undefined: it has ended. */
function processOf(pid: number): Process | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
    return {
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean),
      name: field('Name'),
      uid: statSync(`/proc/${pid}`).uid,
      parent: Number(field('PPid')),
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined
    throw error
  }
}

/** passwd(5); an account that is not in it goes by its number. */
function accountOf(uid: number): string {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(each => each.split(':'))
    .find(([, , number]) => Number(number) === uid)
  return line?.[0] || String(uid)
}
