import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteFiles } from '../api/files.ts'
import { type Restored, readTrash, restoreTrash, type TrashChoice, type WhenTaken } from '../api/trash.ts'
import { nameOf, parentOf } from '../files/path.ts'
import { ApiFailure } from '../kit/api/failure.ts'
import { useToast } from '../kit/toast.tsx'
import { NameTakenDialog } from './name-taken-dialog.tsx'

export interface Restorable extends TrashChoice {
  name: string
}

const taken = 'files/target-exists'

/** Brings things back to where they were. Where a name is taken it asks, once for all of them. */
export function useRestoring(onRestored?: (items: readonly Restorable[]) => void) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const [refused, setRefused] = useState<Restorable[]>([])

  const askAgain = () => {
    for (const name of ['trash', 'history-usage', 'files'])
      void client.invalidateQueries({ queryKey: [name] })
  }

  const undoing = useMutation({ mutationFn: takeBack, onError: toast.failed, onSettled: askAgain })
  const restoring = useMutation({
    mutationFn: ({ items, whenTaken }: { items: Restorable[]; whenTaken: WhenTaken }) =>
      restoreSome(items, whenTaken),
    onSuccess({ restored, failed }, { items, whenTaken }) {
      const isTaken = new Set(failed.filter(({ code }) => code === taken).map(({ id }) => id))
      setRefused(items.filter(({ id }) => isTaken.has(id)))
      const other = failed.find(({ code }) => code !== taken)
      if (other) toast.failed(new ApiFailure({ status: 409, ...other }))
      if (restored.length === 0) return
      say(restored, whenTaken)
      onRestored?.(items)
    },
    onError: toast.failed,
    onSettled: askAgain,
  })

  function say(restored: Restored['restored'], whenTaken: WhenTaken) {
    const paths = restored.map(({ path }) => path)
    const [first = ''] = paths
    toast.done({
      text: t('trash.restored', {
        count: paths.length,
        name: nameOf(first),
        folder: nameOf(parentOf(first)) || t('files.home'),
      }),
      onUndo: () => undoing.mutate({ paths, hasReplaced: whenTaken === 'replace' }),
    })
  }

  const dialog: ReactNode = refused.length > 0 && (
    <NameTakenDialog
      names={refused.map(({ name }) => name)}
      onAnswer={whenTaken => {
        restoring.mutate({ items: refused, whenTaken })
        setRefused([])
      }}
      onClose={() => setRefused([])}
    />
  )
  return {
    restore: (items: Restorable[]) => restoring.mutate({ items, whenTaken: 'fail' }),
    isBusy: restoring.isPending,
    dialog,
  }
}

/** Where nothing at all comes back the box answers with the first reason; here that is one list like any other. */
async function restoreSome(items: readonly Restorable[], whenTaken: WhenTaken): Promise<Restored> {
  try {
    return await restoreTrash(
      items.map(({ id, path }) => ({ id, ...(path ? { path } : {}) })),
      { whenTaken },
    )
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== taken) throw error
    const { code, message } = error
    return { restored: [], failed: items.map(({ id }) => ({ id, code, message })) }
  }
}

/** Into the trash again, and what had to make room for it back. */
async function takeBack({ paths, hasReplaced }: { paths: readonly string[]; hasReplaced: boolean }) {
  const replaced = hasReplaced ? await findReplaced(paths) : []
  await deleteFiles(paths)
  if (replaced.length > 0) await restoreTrash(replaced)
}

const lookAt = 1000

async function findReplaced(paths: readonly string[]): Promise<TrashChoice[]> {
  const wanted = new Set(paths)
  const { items } = await readTrash({ limit: lookAt })
  return items.filter(({ why, path }) => why === 'replaced' && wanted.delete(path)).map(({ id }) => ({ id }))
}
