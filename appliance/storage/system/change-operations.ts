import { join } from 'node:path'
import { z } from 'zod'
import { Failure } from '../../lib/failure.ts'
import { operation } from '../../lib/operation.ts'
import { changeMark, changesCursor, changesPage, feedMark, fileLink } from '../schema.ts'
import { linksOfInodes, onSubvolume, changesPage as readPage } from './changes/index.ts'
import { nothing, subvolumeKey } from './inputs.ts'
import type { Keeper } from './keeper.ts'

/** What changed in the pools: as it happens, and since a mark. */
export function createChangeOperations({ backend, feed, placeOf, whileMounted }: Keeper) {
  /** A pool that is a plain folder can only be walked through, and says so. */
  function requireHistory() {
    if (backend.kind === 'btrfs') return
    throw new Failure(
      'unsupported',
      'storage/walk-needed',
      'A plain folder cannot tell what changed in it. Walk through it.',
    )
  }

  function reading<T>(
    { kind, subvolume, ...key }: z.output<typeof subvolumeKey>,
    read: (path: string) => Promise<T>,
  ): Promise<T> {
    requireHistory()
    const path = join(placeOf(key).place, kind, subvolume)
    return whileMounted(key.name, () => onSubvolume(subvolume, () => read(path)))
  }

  return {
    'storage/changes-since': operation({
      input: subvolumeKey.extend({
        mark: changeMark.nullable(),
        cursor: changesCursor.nullable().default(null).describe('`next` of the page before.'),
      }),
      output: changesPage,
      isRead: true,
      run: async ({ mark, cursor, ...key }, { signal }) =>
        reading(key, path => readPage(path, { mark, cursor, signal })),
    }),

    'storage/links-of-inodes': operation({
      input: subvolumeKey.extend({ inodes: z.array(z.number().int().nonnegative()).max(1_000) }),
      output: z.array(z.array(fileLink)),
      isRead: true,
      run: async ({ inodes, ...key }) => reading(key, path => linksOfInodes(path, inodes)),
    }),

    /** Sends `feedMessage`s until the caller goes away. One at a time is served; the next one waits for its turn. */
    'storage/follow-changes': operation({
      input: z.strictObject({ known: z.array(feedMark).max(100) }),
      output: nothing,
      isRead: true,
      async run({ known }, { signal, send }) {
        requireHistory()
        await feed.follow({ known, signal, send })
        return null
      },
    }),

    'storage/acknowledge-changes': operation({
      input: feedMark,
      output: nothing,
      isRead: true,
      async run(mark) {
        feed.acknowledge(mark)
        return null
      },
    }),
  }
}
