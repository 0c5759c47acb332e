import type { ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import type { z } from 'zod'
import { errnoOf, failureRecord } from '../appliance/lib/failure.ts'
import { type CrewAnswer, crewWish, type leaveWish, leaving } from '../appliance/lib/launcher.ts'
import type { Log } from '../appliance/lib/log.ts'
import { createTurns } from '../appliance/lib/turns.ts'

export interface Crew {
  /** What a server process asks for is done, and answered, once all are there that there are to begin with. */
  hear(child: ChildProcess, said: unknown): void
}

interface CrewDeps {
  size(): number
  /** Ends when it is ready. */
  add(): Promise<void>
  /** The last one, which is not started again; undefined: it is not running. */
  letGo(): ChildProcess | undefined
  isStopping(): boolean
  /** Ends when those that there are to begin with are ready. */
  started: Promise<unknown>
  log: Log
}

/**
 * How many server processes there are. Any of them may ask for more or fewer, since the tuning has told it; they come and go
 * one at a time, and no request is lost.
 */
export function createCrew({ size, add, letGo, isStopping, started, log }: CrewDeps): Crew {
  const turns = createTurns()

  async function bringTo(count: number) {
    if (size() !== count) log.info('the number of server processes changes', { from: size(), to: count })
    while (size() < count && !isStopping()) await add()
    while (size() > count && !isStopping()) {
      const child = letGo()
      if (child) await handingOver(() => closed(child))
    }
  }

  async function answer(child: ChildProcess, { crew, id }: z.infer<typeof crewWish>) {
    const reply: CrewAnswer = { crewOf: id, problem: null }
    try {
      await started
      await turns('crew', () => bringTo(crew))
    } catch (error) {
      log.error('the number of server processes could not be changed', { error })
      reply.problem = failureRecord(error).message
    }
    // One that has gone meanwhile needs no answer.
    if (child.connected) child.send(reply, () => undefined)
  }

  return {
    hear(child, said) {
      const wish = crewWish.safeParse(said)
      if (wish.success) void answer(child, wish.data)
    },
  }
}

const closesWithinMs = 10_000

/** It is asked to leave, and takes no new connections any more. */
function closed(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, closesWithinMs)
  const onMessage = (said: unknown) => {
    if (leaving.safeParse(said).success) resolve()
  }
  child.on('message', onMessage)
  child.once('exit', () => resolve())
  child.send({ leave: true } satisfies z.infer<typeof leaveWish>, () => undefined)
  return promise.finally(() => {
    clearTimeout(timer)
    child.off('message', onMessage)
  })
}

const migrate = '/proc/sys/net/ipv4/tcp_migrate_req'

/**
 * A connection that a process has not taken yet when it stops listening goes to another one that listens on the port
 * (ip-sysctl.rst, tcp_migrate_req), where the kernel does not do so anyway, and it may be told.
 */
async function handingOver(work: () => Promise<void>) {
  const before = await told(() => readFile(migrate, 'utf8'))
  const isTold = before?.trim() === '0' && (await told(() => writeFile(migrate, '1'))) !== null
  try {
    await work()
  } finally {
    if (isTold) await told(() => writeFile(migrate, '0'))
  }
}

/** Null: this kernel does not know it, or it is not ours to set. */
async function told<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) return null
    throw error
  }
}
