import { z } from 'zod'
import { Failure } from '../../lib/failure.ts'
import { operation } from '../../lib/operation.ts'
import { erasedPool } from '../schema.ts'
import { readMark, writeMark } from './mark.ts'

export interface ResetSystemDeps {
  dataDir: string
  /** Ends everything and starts it again: the reset is done on the way. */
  startAgain(): Promise<void>
}

/** What root does when a reset is asked for: it is noted, and whoever starts Cairn next does it (finishing.ts). */
export function createResetOperations({ dataDir, startAgain }: ResetSystemDeps) {
  return {
    'reset/begin': operation({
      input: z.strictObject({
        erase: z.array(erasedPool).max(64),
        confirm: z.record(z.string().max(64), z.string().max(64)),
      }),
      output: z.null(),
      async run({ erase, confirm }) {
        const unnamed = erase.find(({ name }) => confirm[name]?.trim() !== name)
        if (unnamed)
          throw new Failure('invalid', 'reset/not-confirmed', `Type ${unnamed.name} to let it be erased.`)
        await writeMark(dataDir, { format: 1, erase })
        return null
      },
    }),
    'reset/restart': operation({
      input: z.strictObject({}),
      output: z.null(),
      async run() {
        if (!(await readMark(dataDir)))
          throw new Failure('conflict', 'reset/not-begun', 'No reset has been asked for.')
        await startAgain()
        return null
      },
    }),
  }
}
