import { z } from 'zod'
import { operation } from '../../lib/operation.ts'
import type { PracticeDisks } from './practice.ts'

const numbered = z.strictObject({ number: z.number().int().positive() })
const practiceDisk = z.object({
  number: z.number().int(),
  serial: z.string(),
  path: z.string(),
  sizeBytes: z.number().int(),
  isPulled: z.boolean(),
})

/** For `scripts/dev disk`. `changed` is called after each change. */
export function createPracticeOperations(practice: PracticeDisks, changed: () => Promise<void>) {
  return {
    'practice/list': operation({
      input: z.strictObject({}),
      output: z.array(practiceDisk),
      isRead: true,
      run: () => practice.list(),
    }),
    'practice/pull': operation({
      input: numbered,
      output: z.null(),
      async run({ number }) {
        await practice.pull(number)
        await changed()
        return null
      },
    }),
    'practice/put': operation({
      input: numbered,
      output: z.null(),
      async run({ number }) {
        await practice.put(number)
        await changed()
        return null
      },
    }),
    'practice/add': operation({
      input: z.strictObject({ sizeBytes: z.number().int().min(1).optional() }),
      output: practiceDisk,
      async run({ sizeBytes }) {
        const disk = await practice.add(sizeBytes)
        await changed()
        return disk
      },
    }),
  }
}
