import type { Agent } from '../../agent/client.ts'
import type { HealthReport } from '../../health/index.ts'
import { type Jobs, runningJob } from '../../jobs/index.ts'
import type { Events } from '../../lib/events.ts'
import { Failure, failureRecord } from '../../lib/failure.ts'
import type { Progress } from '../../lib/operation.ts'
import type { Ailments } from './ailments.ts'
import type { Looking, Offer } from './looking.ts'
import type { Receiving } from './receiving.ts'

export interface TakingDeps {
  agent: Agent
  events: Events
  jobs: Jobs
  receiving: Receiving
  ailments: Ailments
  looking: Looking
  health(): Promise<HealthReport>
}

interface Work {
  report(progress: Progress): void
  signal: AbortSignal
}

/** What somebody notes of it who does not wait for its end. */
export interface TakingNotes {
  /** It is downloaded and what it should be, and is going to be installed. */
  begun(): Promise<void>
  done(): Promise<void>
  failed(message: string): Promise<void>
}

const slowMs = 4 * 60_000
const installTimeoutMs = 3_600_000
/** Of the time that both take. */
const downloadPart = 0.7

/** Installs what was received; or what is offered, from the download on. */
export function createTaking({ agent, events, jobs, receiving, ailments, looking, health }: TakingDeps) {
  async function installReceived(allowOlder: boolean, { report, signal }: Work) {
    await ailments.remember(await health())
    await agent.call(
      'updates/install',
      { allowOlder },
      { onProgress: report, signal, timeoutMs: installTimeoutMs },
    )
    events.publish('updates/changed', {})
  }

  /** Two would write the same file, and a server process knows only of its own. */
  async function requireIdle() {
    const busy = await runningJob(jobs, /^updates\//)
    if (busy) throw new Failure('conflict', 'updates/busy', `Wait for this to end: ${busy.title}.`)
  }

  /** The description is nobody's signature: what the bundle says of itself is signed. */
  async function requireSame(version: string) {
    const found = await agent.call('updates/inspect', {}, { timeoutMs: slowMs })
    if (found.version === version) return
    await receiving.remove()
    throw new Failure(
      'conflict',
      'updates/other-content',
      `Version ${version} was described, and ${found.version} was downloaded. It was removed; tell who publishes the updates.`,
    )
  }

  async function takeOffer(offer: Offer, { report, signal }: Work, notes: TakingNotes | undefined) {
    await receiving.download(offer.url, {
      signal,
      expected: offer,
      report: ({ fraction, message }) =>
        report({ message, fraction: fraction === null ? null : fraction * downloadPart }),
    })
    events.publish('updates/changed', {})
    await requireSame(offer.version)
    await notes?.begun()
    await installReceived(false, {
      signal,
      report: ({ fraction, message }) =>
        report({ message, fraction: downloadPart + (fraction ?? 0) * (1 - downloadPart) }),
    })
    await notes?.done()
  }

  return {
    install(allowOlder: boolean) {
      return jobs.start({
        kind: 'updates/install',
        title: 'Installing an update',
        run: work => installReceived(allowOlder, work),
      })
    },
    /** `wanted`: what somebody has seen, and nothing that was published since. */
    async take(wanted: string, running: string, notes?: TakingNotes) {
      const offer = await looking.offer(running)
      if (offer?.version !== wanted)
        throw new Failure(
          'conflict',
          'updates/not-offered',
          `version: ${wanted} is not what there is${offer ? `, which is ${offer.version}` : ''}. Look for updates once more.`,
        )
      await requireIdle()
      return jobs.start({
        kind: 'updates/take',
        title: `Updating to ${wanted}`,
        async run(work) {
          try {
            await takeOffer(offer, work, notes)
          } catch (error) {
            await notes?.failed(work.signal.aborted ? 'It was cancelled.' : failureRecord(error).message)
            throw error
          }
        },
      })
    },
  }
}

export type Taking = ReturnType<typeof createTaking>
