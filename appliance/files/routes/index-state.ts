import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import type { FileIndex } from '../service/indexing/index.ts'

const reply = z.array(
  z.object({
    pool: z.string(),
    kind: z.enum(['shares', 'homes']),
    name: z.string(),
    isTrue: z
      .boolean()
      .describe('False: it is being caught up with, and its folders are listed from the disk meanwhile.'),
    entries: z.number().describe('Files and folders known so far.'),
  }),
)

export function indexRoutes(index: Pick<FileIndex, 'state'>): Route[] {
  return [
    route({
      method: 'get',
      path: '/files/index',
      access: 'admin',
      summary: 'How far the index of each share and home is',
      tag: 'files',
      reply,
      handle: () => index.state(),
    }),
  ]
}
