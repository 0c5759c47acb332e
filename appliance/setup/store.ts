import { z } from 'zod'
import type { Claim } from '../http/secured.ts'
import { randomToken, sha256 } from '../lib/secret.ts'
import type { Settings } from '../system/index.ts'

const draft = z.record(z.string(), z.unknown())

/** Who may set this box up, and how far they are. Kept as settings: there is one of each. */
export function createSetupStore(settings: Settings) {
  return {
    /** The one-time code that proves physical access: shown on the console, never over the network. */
    claimCode: async (): Promise<string> =>
      z.string().parse(await settings.getOrMake('setup/claim-code', newClaimCode)),
    isClaimed: async (): Promise<boolean> => (await settings.get('setup/claimed-at')) !== undefined,
    /** Null: it is nobody's yet. */
    async claim(): Promise<Claim | null> {
      const atMs = z
        .number()
        .optional()
        .parse(await settings.get('setup/claimed-at'))
      return atMs === undefined
        ? null
        : { atMs, isByWizard: (await settings.get('setup/ticket')) !== undefined }
    },
    async setClaimed(atMs: number): Promise<void> {
      await settings.set('setup/claimed-at', atMs)
      await settings.remove('setup/claim-code')
      await settings.remove('setup/draft')
    },
    async newTicket(): Promise<string> {
      const ticket = randomToken(160)
      await settings.set('setup/ticket', sha256(ticket))
      return ticket
    },
    isTicket: async (ticket: string): Promise<boolean> =>
      (await settings.get('setup/ticket')) === sha256(ticket),
    draft: async () =>
      draft
        .nullable()
        .catch(null)
        .parse((await settings.get('setup/draft')) ?? null),
    setDraft: (value: Record<string, unknown>): Promise<void> => settings.set('setup/draft', value),
    jobId: async (): Promise<string | null> =>
      z
        .string()
        .nullable()
        .catch(null)
        .parse((await settings.get('setup/job')) ?? null),
    setJobId: (id: string): Promise<void> => settings.set('setup/job', id),
  }
}

export type SetupStore = ReturnType<typeof createSetupStore>

/** Eight characters in two groups: 40 bits, and every wrong one costs a second. */
function newClaimCode(): string {
  const text = randomToken(40).toUpperCase()
  return `${text.slice(0, 4)}-${text.slice(4, 8)}`
}
