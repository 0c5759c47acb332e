import { Failure } from '../../../lib/failure.ts'
import { closeDescriptor, openFlags } from '../../../lib/posix.ts'
import { algorithmsOf, type Checksums } from '../../parse/checksums.ts'
import { contentName, finishingName, type Layout, layOut } from '../../plan/uploads.ts'
import type { Volume, WriteOptions } from '../../schema.ts'
import { digestRange } from '../checksums.ts'
import { createDigests } from '../digests.ts'
import { Draft, type Placeable } from '../drafts.ts'
import type { Spot } from '../tree.ts'
import { exclusivelyIn } from '../workspace.ts'
import type { Replacing, Source, Written } from '../writing.ts'
import { joinPieces, type Piece } from './joining.ts'
import type { Progress } from './progress.ts'
import { StagedContent } from './staged-content.ts'
import { announcedTotal, holdFile, readTransfer, type Transfer, unlinkIfThere } from './transfer.ts'

export interface FinishOptions extends Omit<WriteOptions, 'expectedSize' | 'wantedChecksums' | 'beforeBody'> {
  /** What the client has sent; where it does not say, what it announced at the start. */
  totalBytes?: number
  overwrite: boolean
  /** Awaited before anything is joined or read. */
  beforeJoin?: () => Promise<void>
}

interface Plan extends Layout {
  /** Nobody else writes into the content, and what lies in it lies where it belongs: it can be renamed as it is. */
  canStay: boolean
}

/** Makes a file of a transfer, by a rename where it can be. */
export function createFinishing({ replace, progress }: { replace: Replacing; progress: Progress }) {
  return async function finish(transfer: Transfer, spot: Spot, options: FinishOptions): Promise<Written> {
    using hold = exclusivelyIn(transfer.folder, () => beginFinish(transfer, options))
    const { plan } = hold
    const { beforeJoin } = options
    // Awaited here: the mark is held until it is done.
    return await replace(spot, sourceOf(transfer, plan, progress, options), {
      ...options,
      ...(beforeJoin ? { beforeBody: beforeJoin } : {}),
      precondition(current) {
        if (current && !options.overwrite) throw targetTaken()
        options.precondition?.(current)
      },
    })
  }
}

/** From here on chunks that come go into files of their own. */
function beginFinish({ folder }: Transfer, options: FinishOptions): Disposable & { plan: Plan } {
  const { chunks, claims, isFinishing } = readTransfer(folder)
  if (isFinishing)
    throw new Failure('locked', 'files/upload-finishing', 'This upload is being finished already.')
  const layout = layOut(chunks)
  requireTotal(layout, options.totalBytes ?? announcedTotal(folder))
  const mark = holdFile(folder, finishingName)
  return {
    plan: { ...layout, canStay: layout.isRight && claims.length === 0 },
    [Symbol.dispose]() {
      exclusivelyIn(folder, () => unlinkIfThere(folder, finishingName))
      closeDescriptor(mark)
    },
  }
}

function requireTotal({ totalBytes, pieces }: Layout, expected: number | undefined) {
  if (expected === undefined ? pieces.length > 0 : totalBytes === expected) return
  const message = `Chunks on server do not sum up to ${expected ?? 'a file'} but to ${totalBytes} bytes`
  throw new Failure('invalid', 'files/chunks-missing', message)
}

function sourceOf(transfer: Transfer, plan: Plan, progress: Progress, options: FinishOptions): Source {
  return {
    open: (volume: Volume) =>
      plan.canStay && volume.path === transfer.volume.path ? new StagedContent(transfer) : new Draft(volume),
    async fill(draft: Placeable) {
      await join(transfer, plan, draft)
      return checksumsOf(transfer, plan, progress, {
        fd: draft.fd,
        expected: options.expectedChecksums ?? {},
      })
    },
  }
}

async function join({ folder }: Transfer, plan: Plan, draft: Placeable) {
  const isStaged = draft instanceof StagedContent
  const open = new Map<string, number>()
  const fdOf = (file: string) => {
    const fd = open.get(file) ?? folder.open(file, openFlags.readOnly)
    open.set(file, fd)
    return fd
  }
  try {
    // One after the other, so that a thousand chunks do not take a thousand descriptors.
    const placed = plan.pieces.filter(({ chunk }) => chunk.offset !== undefined && !isStaged)
    await joinPieces(
      placed.map(({ chunk, to }) => pieceOf(fdOf(contentName), chunk.offset ?? 0, chunk.size, to)),
      draft.fd,
    )
    for (const { chunk, to } of plan.pieces) {
      if (chunk.offset !== undefined) continue
      await joinPieces([pieceOf(fdOf(chunk.file), 0, chunk.size, to)], draft.fd)
      closeDescriptor(fdOf(chunk.file))
      open.delete(chunk.file)
    }
    if (isStaged) draft.cutAt(plan.totalBytes)
  } finally {
    for (const fd of open.values()) closeDescriptor(fd)
  }
}

function pieceOf(fd: number, from: number, size: number, to: number): Piece {
  return { fd, from, size, to }
}

/** What was computed as the chunks came, if they came in order; what else must be verified is read. */
async function checksumsOf(
  transfer: Transfer,
  plan: Plan,
  progress: Progress,
  { fd, expected }: { fd: number; expected: Checksums },
): Promise<Checksums> {
  const files = plan.pieces.map(({ chunk }) => chunk.file)
  const known = (plan.isComplete ? progress.of(transfer, files) : undefined) ?? {}
  const missing = algorithmsOf(expected).filter(name => known[name] === undefined)
  if (missing.length === 0) return known
  const digests = createDigests(missing)
  await digestRange(fd, { start: 0, end: plan.totalBytes }, digests)
  return { ...known, ...digests.finish() }
}

function targetTaken() {
  return new Failure('precondition', 'files/target-exists', 'There is a file or folder of that name already.')
}
