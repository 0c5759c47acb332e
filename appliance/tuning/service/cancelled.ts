import { Failure } from '../../lib/failure.ts'

/** Somebody cancelled it: that is no bug, however deep it is noticed. */
export async function orCancelled<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!signal.aborted || error instanceof Failure) throw error
    throw new Failure('cancelled', 'tuning/cancelled', 'It was cancelled.', { cause: error })
  }
}
