import { join } from 'node:path'
import { z } from 'zod'
import type { Log } from '../../lib/log.ts'
import type { Mounted } from '../../lib/mounted.ts'
import { operation } from '../../lib/operation.ts'
import type { Parts } from '../../lib/parts.ts'
import {
  appliedSetting,
  brought,
  poolSpeed,
  rawFacts,
  settingName,
  settingProblem,
  settingValue,
  syncTimes,
  tunedPoolName,
} from '../schema/index.ts'
import { createApplying } from './applying.ts'
import { readBrought } from './brought.ts'
import { gatherFacts } from './gather.ts'
import { measurePool, probePool } from './pool-speed.ts'

export interface TuningSystemDeps {
  poolsDir: string
  dataDir: string
  log: Log
  parts: Parts
  /** Storage mounts a pool with options of its own first. */
  mounted?: Mounted
  /** A folder that stands for `/`, in tests. */
  root?: string
}

/** Root's alone. */
export const tuningFolderIn = (dataDir: string) => join(dataDir, 'tuning')

const mostSettings = 200
const ofPool = z.strictObject({ pool: tunedPoolName })

/** All that root does for the tuning. It names settings, never files: which file that is, only the agent says. */
export function createTuningOperations({ poolsDir, dataDir, root = '/', ...deps }: TuningSystemDeps) {
  const { log, parts, mounted } = deps
  const folder = tuningFolderIn(dataDir)
  const applying = createApplying({ root, poolsDir, folder, log })
  parts.add({
    name: 'tuning',
    async start() {
      await applying.renew('all')
    },
    stop: applying.rest,
  })
  mounted?.add(async () => {
    await applying.renew('hardware')
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
    'tuning/brought': operation({
      input: z.strictObject({}),
      output: brought.nullable(),
      isRead: true,
      run: () => readBrought(folder, log),
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
    'tuning/keep': operation({
      input: z.strictObject({ names: z.array(settingName).min(1).max(mostSettings) }),
      output: z.null(),
      async run({ names }) {
        await applying.keep(names)
        return null
      },
    }),
    'tuning/revert': operation({
      input: z.strictObject({ names: z.array(settingName).max(mostSettings).nullable() }),
      output: z.object({ reverted: z.array(settingName), failed: z.array(settingProblem) }),
      run: ({ names }) => applying.revert(names),
    }),
    'tuning/renew-hardware': operation({
      input: z.strictObject({}),
      output: z.object({ renewed: z.array(settingName), failed: z.array(settingProblem) }),
      // Asked for whenever a disk comes or goes; what it does is logged there.
      isRead: true,
      run: () => applying.renew('hardware'),
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
