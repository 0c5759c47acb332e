import { useMutation, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { cancelJob, type Job, jobsQuery } from '../api/box.ts'
import { timeLeft } from '../kit/format/duration.ts'
import { useToast } from '../kit/toast.tsx'
import type { Work } from '../kit/tray/tray.tsx'

/** The box's long work for the tray: what runs, and how what this page has seen running has ended. */
export function useJobWorks(isAdmin: boolean): Work[] {
  const { t } = useTranslation()
  const toast = useToast()
  const jobs = useQuery({ ...jobsQuery, enabled: isAdmin })
  const cancelling = useMutation({ mutationFn: cancelJob, onError: toast.failed })
  const seen = useRef(new Set<string>())
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set())

  const all = jobs.data ?? []
  for (const job of all) if (job.state === 'running') seen.current.add(job.id)
  const shown = all.filter(job => seen.current.has(job.id) && !dismissed.has(job.id))
  return shown.map(job => ({
    id: job.id,
    title: job.title,
    fraction: job.fraction,
    state: job.state === 'running' ? 'running' : job.state === 'done' ? 'done' : 'failed',
    detail: detailOf(job),
    onCancel: () => cancelling.mutate(job.id),
    onDismiss: () => setDismissed(new Set([...dismissed, job.id])),
  }))

  function detailOf(job: Job): string {
    if (job.state === 'done') return t('tray.jobDone')
    if (job.state === 'cancelled') return t('tray.jobCancelled')
    if (job.state === 'failed') return job.error?.message ?? t('tray.jobFailed')
    const percent = job.fraction === null ? undefined : `${Math.floor(job.fraction * 100)} %`
    const seconds = secondsLeft(job)
    return [job.message, percent, seconds === undefined ? undefined : timeLeft(t, seconds)]
      .filter(Boolean)
      .join(' · ')
  }
}

const surePastFraction = 0.05
const surePastMs = 5_000

/** From how long the part that is done has taken. */
function secondsLeft({ fraction, startedAt }: Job): number | undefined {
  const passedMs = Date.now() - new Date(startedAt).getTime()
  if (fraction === null || fraction < surePastFraction || passedMs < surePastMs) return undefined
  return (passedMs / fraction - passedMs) / 1000
}
