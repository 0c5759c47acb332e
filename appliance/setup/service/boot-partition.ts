import type { Agent } from '../../agent/client.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { System } from '../../system/index.ts'
import type { SetupService } from './index.ts'

/** How an image is set up without a person or a screen: by files on a partition that any computer can read. */
export interface BootPartition {
  /** Applies the setup file if there is one and the box is unclaimed, and shows the claim code as long as it is. */
  attend(): Promise<void>
}

export function createBootPartition(deps: {
  agent: Agent
  service: SetupService
  system: System
  events: Events
  /** Applies a document and waits for the end. */
  apply(document: unknown): Promise<void>
  log: Log
}): BootPartition {
  const { agent, service, system, events, log } = deps

  /** What is wrong with the file is told beside it, and the wizard is there as if there were none. */
  async function applyFile() {
    const problem = await applied()
    if (problem !== undefined) await agent.call('setup/boot-document-done', { problem })
  }

  /** Undefined where there is no file. */
  async function applied(): Promise<string | null | undefined> {
    try {
      const { document } = await agent.call('setup/boot-document', {})
      if (document === null) return undefined
      await deps.apply(document)
      return null
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      log.warn('the setup file was not applied', { code: error.code, problem: error.message })
      return error.message
    }
  }

  async function showCode() {
    const code = (await service.isClaimed()) ? null : await service.claimCode()
    await agent.call('setup/show-code', { code, hostName: system.name() })
  }

  const showAgain = () => void showCode().catch(error => log.error('the code is not shown', { error }))

  return {
    async attend() {
      if (!(await service.isClaimed())) await applyFile()
      await showCode()
      events.on('setup/claimed', showAgain)
      events.on('system/renamed', showAgain)
    },
  }
}
