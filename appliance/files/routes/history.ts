import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { formatPath } from '../parse/names.ts'
import { thinningSteps } from '../plan/thinning.ts'
import { trashDays } from '../service/history/retention.ts'
import type { FileService } from '../service/index.ts'

const usageReply = z.object({
  rule: z.object({
    trashDays: z.number().describe('So long deleted things are kept, where there is space.'),
    versions: z
      .array(z.object({ youngerThanSeconds: z.number().nullable(), oneEverySeconds: z.number() }))
      .describe('Of versions so young one is kept in each interval; those with a label all.'),
    ofWhatFilesLeave: z.number().describe('History takes at most this part of the space that files leave.'),
  }),
  volumes: z.array(
    z.object({
      path: z.string(),
      share: z.string().nullable().describe('Null: the home.'),
      trashItems: z.number(),
      trashBytes: z.number(),
      versions: z.number(),
      versionBytes: z.number(),
      freeBytes: z.number().describe('In its pool.'),
      leastFreeBytes: z.number().describe('With less than this free, the oldest history goes first.'),
    }),
  ),
})

export function historyRoutes({ history }: FileService): Route[] {
  return [
    route({
      method: 'get',
      path: '/history/usage',
      access: 'member',
      summary: 'What trash and versions take, and when they go',
      tag: 'trash',
      reply: usageReply,
      async handle({ actor }) {
        const volumes = await history.usage(actor)
        return {
          rule: { trashDays, versions: thinningSteps.map(stepAsReply), ofWhatFilesLeave: 0.5 },
          volumes: volumes.map(({ volume, path, ...used }) => ({
            ...used,
            path: formatPath(path),
            share: volume.kind === 'share' ? volume.name : null,
          })),
        }
      },
    }),
  ]
}

function stepAsReply({ upToMs, everyMs }: { upToMs: number; everyMs: number }) {
  return {
    youngerThanSeconds: Number.isFinite(upToMs) ? upToMs / 1000 : null,
    oneEverySeconds: everyMs / 1000,
  }
}
