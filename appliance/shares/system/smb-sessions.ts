import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs'
import type { Clock } from '../../lib/clock.ts'
import { errnoOf } from '../../lib/failure.ts'
import { parseSessionLine, type SessionLine } from '../parse/session-line.ts'

export interface SmbSession {
  user: string | null
  address: string | null
  machine: string | null
}

export interface SmbSessions {
  /** Takes in what smbd has told since the last time. */
  read(): void
  /** Who was connected through this process, also for some minutes after it ended. */
  of(pid: number): SmbSession | undefined
  /** As smbstatus tells it, of a process whose beginning was not heard. */
  add(pid: number, session: SmbSession): void
  /** Nothing that was told before counts: those processes are gone. */
  forget(): void
}

interface Connection extends SmbSession {
  share: string
  endedAtMs: number | undefined
}

const keptMs = 10 * 60_000
const mostProcesses = 10_000
const longestLogBytes = 256 * 1024
const sweepEveryMs = 60_000
/** smbstatus tells of people, whatever they are connected to. */
const anyShare = ''

/** Which SMB session is behind which smbd process, from the lines that smbd has written for each connection. */
export function createSmbSessions({ log: path, clock }: { log: string; clock: Clock }): SmbSessions {
  const processes = new Map<number, Connection[]>()
  let offset = 0
  let rest = ''
  let sweptAtMs = clock.now()

  function take(line: SessionLine) {
    const { isBegin, pid, share, ...session } = line
    const known = processes.get(pid) ?? []
    if (!isBegin) {
      const open = known.find(
        one => (one.share === share || one.share === anyShare) && one.endedAtMs === undefined,
      )
      if (open) open.endedAtMs = clock.now()
      return
    }
    // All that it had has ended: it may be another process of the same number.
    const stillOpen = known.filter(one => one.endedAtMs === undefined)
    processes.delete(pid)
    processes.set(pid, [...stillOpen, { ...session, share, endedAtMs: undefined }])
    if (processes.size > mostProcesses) processes.delete(processes.keys().next().value ?? pid)
  }

  /** A process that was killed has not said that it ended. */
  function sweep() {
    const now = clock.now()
    if (now - sweptAtMs < sweepEveryMs) return
    sweptAtMs = now
    for (const [pid, connections] of processes) {
      if (!existsSync(`/proc/${pid}`)) for (const one of connections) one.endedAtMs ??= now
      if (connections.every(({ endedAtMs }) => endedAtMs !== undefined && endedAtMs < now - keptMs))
        processes.delete(pid)
    }
  }

  function takeText(text: string) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const parsed = parseSessionLine(line)
      if (parsed) take(parsed)
    }
  }

  function readLog() {
    const grown = readFrom(path, offset)
    if (!grown) return
    offset += grown.bytes
    takeText(grown.text)
    if (offset > longestLogBytes) startAnew()
  }

  /** What is written into the old one after this is not heard of; smbstatus knows it. */
  function startAnew() {
    const old = `${path}.old`
    renameSync(path, old)
    takeText(readFrom(old, offset)?.text ?? '')
    offset = 0
  }

  return {
    read() {
      readLog()
      sweep()
    },
    of(pid) {
      const connections = processes.get(pid)
      if (!connections || connections.length === 0) return undefined
      const open = connections.filter(({ endedAtMs }) => endedAtMs === undefined)
      return inCommon(open.length > 0 ? open : connections)
    },
    add(pid, session) {
      processes.set(pid, [{ ...session, share: anyShare, endedAtMs: undefined }])
    },
    forget() {
      processes.clear()
      offset = 0
      rest = ''
      rmSync(path, { force: true })
    },
  }
}

/** One connection may carry several people's sessions: then who it was is not known. */
function inCommon(connections: readonly Connection[]): SmbSession {
  const one = <K extends keyof SmbSession>(key: K) => {
    const values = new Set(connections.map(connection => connection[key]))
    return values.size === 1 ? (connections[0]?.[key] ?? null) : null
  }
  return { user: one('user'), address: one('address'), machine: one('machine') }
}

function readFrom(path: string, offset: number): { text: string; bytes: number } | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    // Nobody has connected yet.
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - offset))
    const read = readSync(fd, bytes, 0, bytes.length, offset)
    return { text: bytes.toString('utf8', 0, read), bytes: read }
  } finally {
    closeSync(fd)
  }
}
