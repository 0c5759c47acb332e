import { join } from 'node:path'
import { z } from 'zod'
import type { Log } from '../../lib/log.ts'
import { operation } from '../../lib/operation.ts'
import type { Parts } from '../../lib/parts.ts'
import {
  appliedSetting,
  poolSpeed,
  rawFacts,
  settingName,
  settingProblem,
  settingValue,
  syncTimes,
} from '../schema/index.ts'
import { createApplying } from './applying.ts'
import { gatherFacts } from './gather.ts'
import { measurePool, probePool } from './pool-speed.ts'

export interface TuningSystemDeps {
  poolsDir: string
  dataDir: string
  log: Log
  parts: Parts
  /** A folder that stands for `/`, in tests. */
  root?: string
}

const mostSettings = 200
/** As storage names pools: never a path. */
const ofPool = z.strictObject({ pool: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'not the name of a pool') })

/** All that root does for the tuning. It names settings, never files: which file that is, only the agent says. */
export function createTuningOperations({ poolsDir, dataDir, log, parts, root = '/' }: TuningSystemDeps) {
  const applying = createApplying({ root, folder: join(dataDir, 'tuning'), log })
  parts.add({
    name: 'tuning',
    async start() {
      await applying.renew('all')
    },
    stop: applying.rest,
  })
  return {
    'tuning/facts': operation({
      input: z.strictObject({}),
      output: rawFacts,
      isRead: true,
      run: () => gatherFacts({ poolsDir, root }),
    }),
    'tuning/applied': operation({
      input: z.strictObject({}),
      output: z.array(appliedSetting),
      isRead: true,
      run: applying.applied,
    }),
    'tuning/apply': operation({
      input: z.strictObject({
        settings: z
          .array(z.strictObject({ name: settingName, value: settingValue }))
          .min(1)
          .max(mostSettings),
      }),
      output: z.array(appliedSetting),
      run: ({ settings }) => applying.apply(settings),
    }),
    'tuning/revert': operation({
      input: z.strictObject({ names: z.array(settingName).max(mostSettings).nullable() }),
      output: z.object({ reverted: z.array(settingName), failed: z.array(settingProblem) }),
      run: ({ names }) => applying.revert(names),
    }),
    'tuning/renew-disks': operation({
      input: z.strictObject({}),
      output: z.object({ renewed: z.array(settingName), failed: z.array(settingProblem) }),
      // Asked for whenever a disk comes or goes; what it does is logged there.
      isRead: true,
      run: () => applying.renew('disks'),
    }),
    'tuning/measure-pool': operation({
      input: ofPool,
      output: poolSpeed.nullable(),
      run: ({ pool }, { signal }) => measurePool({ poolsDir, pool, signal }),
    }),
    'tuning/probe-pool': operation({
      input: ofPool,
      output: syncTimes.nullable(),
      isRead: true,
      run: ({ pool }, { signal }) => probePool({ poolsDir, pool, signal }),
    }),
  }
}
