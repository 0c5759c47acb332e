import { useMutation, useQueryClient } from '@tanstack/react-query'
import { snapshotsQuery } from '../api/shares.ts'

/** A change of a share's snapshots, or of the share by one of them. */
export function useHistoryChange(share: string, change: () => Promise<unknown>, onDone: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    async onSuccess() {
      await client.invalidateQueries({ queryKey: snapshotsQuery(share).queryKey })
      void client.invalidateQueries({ queryKey: ['files'] })
      onDone()
    },
  })
}
