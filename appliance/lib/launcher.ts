import { z } from 'zod'
import { Failure } from './failure.ts'
import { randomToken } from './secret.ts'

// What a server process and who started it say to each other over Node's own channel, once it is ready.

/** How many server processes there should be. */
export const crewWish = z.strictObject({ crew: z.number().int().min(1).max(64), id: z.string().max(100) })
export type CrewWish = z.infer<typeof crewWish>

/** Whether it came to pass. */
export const crewAnswer = z.strictObject({ crewOf: z.string(), problem: z.string().nullable() })
export type CrewAnswer = z.infer<typeof crewAnswer>

/** Take no new connections, and end when the last answer is given. */
export const leaveWish = z.strictObject({ leave: z.literal(true) })
/** It takes no new connections any more. */
export const leaving = z.strictObject({ leaving: z.literal(true) })

/** End everything, and start it again: something is to be done while nothing runs. */
export const againWish = z.strictObject({ again: z.literal(true) })

/** False where nobody is there who would do so. */
export function askToStartAgain(): boolean {
  if (!process.send) return false
  process.send({ again: true } satisfies z.infer<typeof againWish>)
  return true
}

export interface Launcher {
  /** Why nobody here starts more server processes, or ends one; null: somebody does. */
  problem: string | null
  /** Ends when there are as many. */
  bringCrewTo(count: number): Promise<void>
}

/** A server process takes a second to start, and on a small box several. */
const answersWithinMs = 60_000

/** Who started this process, as far as it starts and ends others like it. */
export function createLauncher({ isFixed }: { isFixed: boolean }): Launcher {
  const problem = isFixed
    ? 'Their number was given by --servers when Cairn was started.'
    : process.send
      ? null
      : 'Nothing here starts more of them.'
  return {
    problem,
    bringCrewTo: count => (problem === null ? ask(count) : Promise.resolve()),
  }
}

function ask(crew: number): Promise<void> {
  const id = randomToken(64)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (text: string) => reject(new Failure('unavailable', 'servers/not-started', text))
  const timer = setTimeout(() => fail('The server processes did not start within a minute.'), answersWithinMs)
  const onMessage = (said: unknown) => {
    const answer = crewAnswer.safeParse(said).data
    if (answer?.crewOf !== id) return
    if (answer.problem === null) resolve()
    else fail(answer.problem)
  }
  process.on('message', onMessage)
  process.send?.({ crew, id } satisfies CrewWish, undefined, undefined, error => {
    if (error) fail('Who started this process has gone.')
  })
  return promise.finally(() => {
    clearTimeout(timer)
    process.off('message', onMessage)
  })
}
