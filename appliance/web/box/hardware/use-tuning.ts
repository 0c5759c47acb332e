import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type Job, jobsQuery } from '../../api/box.ts'
import { useToast } from '../../kit/toast.tsx'

/** The measuring or setting that runs now: one at a time. */
export function useTuningJob(): Job | undefined {
  const jobs = useQuery(jobsQuery)
  return jobs.data?.find(({ kind, state }) => kind.startsWith('tuning/') && state === 'running')
}

/** Starts work that goes on in the tray. */
export function useTuningStart<T>(start: (input: T) => Promise<unknown>) {
  const client = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: start,
    onSuccess: () => client.invalidateQueries({ queryKey: ['jobs'] }),
    onError: toast.failed,
  })
}

/** A change that is done when it is answered. */
export function useTuningChange<T, R>(change: (input: T) => Promise<R>, onDone: (result: R) => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    async onSuccess(result) {
      await client.invalidateQueries({ queryKey: ['tuning'] })
      onDone(result)
    },
  })
}
