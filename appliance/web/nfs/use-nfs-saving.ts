import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import {
  confirmed,
  type NfsChange,
  type NfsPlace,
  type NfsSettings,
  nfsQuery,
  nfsStatusQuery,
  removeNfs,
  setNfs,
} from '../api/nfs.ts'
import { useToast } from '../kit/toast.tsx'
import { changeBackTo, isUnset, openToEveryone } from './draft.ts'

interface Options {
  place: NfsPlace
  saved: NfsSettings
  onSaved: () => void
  onFailed: (error: Error) => void
}

/** Saves, says so, and can take it back. */
export function useNfsSaving({ place, saved, onSaved, onFailed }: Options) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const { queryKey } = nfsQuery(place)

  async function goBackTo(before: NfsSettings) {
    await putBack(place, before).catch(toast.failed)
    await client.invalidateQueries({ queryKey })
  }

  return useMutation({
    mutationFn: async (change: NfsChange) => ({ before: saved, now: await setNfs(place, change) }),
    onSuccess({ before, now }) {
      client.setQueryData(queryKey, now)
      void client.invalidateQueries(nfsStatusQuery)
      onSaved()
      toast.done({
        text: t(`nfs.saved.${savedWord(before, now)}`, { name: place.name }),
        onUndo: () => void goBackTo(before),
      })
    },
    onError: onFailed,
  })
}

/** What let everybody in before was confirmed then. */
async function putBack(place: NfsPlace, before: NfsSettings) {
  if (isUnset(before)) return removeNfs(place)
  const isOpen = openToEveryone(before.clients).length > 0
  await setNfs(place, { ...changeBackTo(before), ...(isOpen ? { confirm: confirmed } : {}) })
}

function savedWord(before: NfsSettings, now: NfsSettings) {
  if (before.enabled === now.enabled) return 'changed'
  return now.enabled ? 'on' : 'off'
}
