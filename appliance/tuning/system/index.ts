import { z } from 'zod'
import { operation } from '../../lib/operation.ts'
import { rawFacts } from '../schema.ts'
import { gatherFacts } from './gather.ts'

export interface TuningSystemDeps {
  poolsDir: string
  /** A folder that stands for `/`, in tests. */
  root?: string
}

/** All that root does for the tuning. */
export function createTuningOperations({ poolsDir, root }: TuningSystemDeps) {
  return {
    'tuning/facts': operation({
      input: z.strictObject({}),
      output: rawFacts,
      isRead: true,
      run: () => gatherFacts({ poolsDir, ...(root === undefined ? {} : { root }) }),
    }),
  }
}
