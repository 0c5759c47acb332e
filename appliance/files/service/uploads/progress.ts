import { BoundedMap } from '../../../lib/bounded-map.ts'
import type { Checksums } from '../../parse/checksums.ts'
import { createDigests, type Digests } from '../digests.ts'
import type { Transfer } from './transfer.ts'

interface Known {
  position: number
  /** The files that stand for the chunks seen so far; their names are never used twice. */
  files: readonly string[]
  digests: Digests
}

const transfersAtOnce = 256

/**
 * The SHA1 of what arrives in order, so that the end of a transfer need not read it again. Only a memory of this process:
 * what is missing in it, or is not what lies there now, is read.
 */
export function createProgress() {
  const known = new BoundedMap<string, Known>(transfersAtOnce)
  const keyOf = ({ volume, name }: Transfer) => `${volume.path}/${name}`

  return {
    /** Undefined where the chunk does not follow on what is known. */
    begin(transfer: Transfer, start: number): Digests | undefined {
      if (start === 0) return createDigests(['SHA1'])
      const before = known.get(keyOf(transfer))
      return before?.position === start ? before.digests.copy() : undefined
    },
    advance(
      transfer: Transfer,
      { start, size, file, digests }: { start: number; size: number; file: string; digests: Digests },
    ): void {
      const before = start === 0 ? undefined : known.get(keyOf(transfer))
      if (start > 0 && before?.position !== start) return
      const files = [...(before?.files ?? []), file]
      known.set(keyOf(transfer), { position: start + size, files, digests })
    },
    /** What is known of just these files, one after the other. */
    of(transfer: Transfer, files: readonly string[]): Checksums | undefined {
      const found = known.get(keyOf(transfer))
      if (!found || found.files.length !== files.length) return undefined
      return found.files.every((file, index) => file === files[index])
        ? found.digests.copy().finish()
        : undefined
    },
    forget: (transfer: Transfer) => void known.delete(keyOf(transfer)),
  }
}

export type Progress = ReturnType<typeof createProgress>
