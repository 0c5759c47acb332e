import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { folderKey } from '../../api/files.ts'
import {
  deleteVersion,
  labelVersion,
  readVersions,
  restoreVersion,
  type Version,
  versionsQuery,
} from '../../api/versions.ts'
import { formatAgo } from '../../kit/format/ago.ts'
import { useToast } from '../../kit/toast.tsx'
import { nameOf, parentOf } from '../path.ts'

/** What somebody does to the versions of one file. */
export function useVersionChanges(path: string) {
  const { t, i18n } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const name = nameOf(path)

  async function askAgain() {
    void client.invalidateQueries({ queryKey: folderKey(parentOf(path)) })
    await client.invalidateQueries({ queryKey: versionsQuery(path).queryKey })
  }

  /** Answers the version that what was there has become. */
  async function restoreOne(id: string): Promise<string | undefined> {
    const known = new Set((await readVersions(path)).map(version => version.id))
    await restoreVersion(path, id)
    const after = await readVersions(path)
    return after.find(version => version.kind === 'version' && !version.current && !known.has(version.id))?.id
  }

  const undoing = useMutation({
    mutationFn: restoreOne,
    onSuccess: () => toast.done({ text: t('versions.undone', { name }) }),
    onError: toast.failed,
    onSettled: askAgain,
  })
  const restoring = useMutation({
    mutationFn: (version: Version) => restoreOne(version.id),
    onSuccess(before, { modifiedAt }) {
      const when = formatAgo(new Date(modifiedAt), new Date(), i18n.language)
      toast.done({
        text: t('versions.restored', { name, when }),
        ...(before === undefined ? {} : { onUndo: () => undoing.mutate(before) }),
      })
    },
    onError: toast.failed,
    onSettled: askAgain,
  })

  return {
    restore: restoring.mutate,
    isRestoring: restoring.isPending,
    async label({ id }: Version, label: string) {
      await labelVersion(path, id, label)
      await askAgain()
    },
    async remove({ id }: Version) {
      await deleteVersion(path, id)
      await askAgain()
      toast.done({ text: t('versions.deleted') })
    },
  }
}
