import type { Clock } from '../../lib/clock.ts'
import { Failure } from '../../lib/failure.ts'
import { checkInput } from '../../lib/operation.ts'
import type { Importer, LeftBehind } from '../../storage/index.ts'
import { accountName } from '../../users/index.ts'
import { shareName } from '../schema.ts'
import type { Store } from '../store/index.ts'

interface TakingOverDeps {
  store: Store
  clock: Clock
  changed(share: string | null): Promise<void>
}

/**
 * What lies on an imported pool becomes shares that nobody has a right on yet, and homes of former accounts. A name that
 * is taken here already is left where it is.
 */
export function createTakingOver({ store, clock, changed }: TakingOverDeps): Importer {
  const takeOver: Importer = async ({ name: pool, shares, homes }) => [
    ...(await eachOf('shares', shares, async found => {
      const name = checkInput(shareName, found, 'shares/invalid')
      await store.shares.takeOver({ name, pool, createdAt: clock.now() })
    })),
    ...(await eachOf('homes', homes, found =>
      store.homes.takeOver(checkInput(accountName, found, 'shares/invalid'), pool),
    )),
  ]
  return async brought => {
    const left = await takeOver(brought)
    await changed(null)
    return left
  }
}

async function eachOf(
  kind: LeftBehind['kind'],
  names: readonly string[],
  take: (name: string) => Promise<void>,
): Promise<LeftBehind[]> {
  const left: LeftBehind[] = []
  for (const name of names) {
    try {
      await take(name)
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === 'internal') throw error
      left.push({ kind, name, problem: error.message })
    }
  }
  return left
}
