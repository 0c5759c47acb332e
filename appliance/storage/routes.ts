import { z } from 'zod'
import { type Route, route } from '../http/route.ts'
import type { Jobs } from '../jobs/index.ts'
import {
  createPoolRequest,
  disk,
  foundPool,
  importedPool,
  importRequest,
  jobStarted,
  optionsRequest,
  pool,
  poolName,
  poolOption,
  poolPlan,
  poolRequest,
  replaceRequest,
} from './schema.ts'
import type { Pools } from './service/pools.ts'
import type { Upkeep } from './service/upkeep.ts'

const params = z.object({ name: poolName })
const shared = { access: 'admin', tag: 'storage' } as const

export function storageRoutes(deps: { pools: Pools; upkeep: Upkeep; jobs: Pick<Jobs, 'start'> }): Route[] {
  const { pools, upkeep, jobs } = deps
  return [
    route({
      ...shared,
      method: 'get',
      path: '/disks',
      summary: 'The disks of this box, what is on them, and which may be used for a pool',
      reply: z.array(disk),
      handle: () => pools.disks(),
    }),
    route({
      ...shared,
      method: 'get',
      path: '/pools',
      summary: 'The pools and how they are',
      reply: z.array(pool),
      handle: () => pools.pools(),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/pools/options',
      summary: 'What each profile would give over these disks',
      body: optionsRequest,
      reply: z.array(poolOption),
      handle: ({ body }) => pools.options(body.disks),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/pools/plan',
      summary: 'What would be done to make this pool, and what has to be confirmed',
      body: poolRequest,
      reply: poolPlan,
      handle: ({ body }) => pools.plan(body),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/pools',
      summary: 'Make a pool',
      body: createPoolRequest,
      status: 202,
      reply: jobStarted,
      async handle({ body }) {
        const { fingerprint } = await pools.checkCreate(body)
        const { id } = await jobs.start({
          kind: 'storage/create-pool',
          title: `Making the pool ${body.name}`,
          run: ({ report }) => pools.createPool({ ...body, fingerprint }, { onProgress: report }),
        })
        return { job: id }
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/pools/found',
      summary:
        'Pools on the disks of this box that it does not know: from another box, or from before a reset',
      reply: z.array(foundPool),
      handle: () => pools.found(),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/pools/import',
      summary: 'Take such a pool in, with its files, snapshots and versions; nothing on it is changed',
      body: importRequest,
      reply: importedPool,
      handle: ({ body }) => pools.importPool(body),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/pools/{name}/replace',
      summary: 'Put a new disk in the place of a lost or failing one',
      params,
      body: replaceRequest,
      status: 202,
      reply: jobStarted,
      handle: async ({ params, body }) => ({ job: (await upkeep.startReplace(params.name, body)).id }),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/pools/{name}/scrub',
      summary: 'Read everything, check it, and mend what can be mended',
      params,
      status: 202,
      reply: jobStarted,
      handle: async ({ params }) => ({ job: (await upkeep.startScrub(params.name)).id }),
    }),
  ]
}
