import { Anchor, Button, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Job } from '../../appliance/jobs/schema.ts'
import type { TuningReport } from '../../appliance/tuning/schema/index.ts'
import { ErrorPanel } from '../../appliance/web/kit/error-panel.tsx'
import { Facts } from '../../appliance/web/kit/facts.tsx'
import { Notice } from '../../appliance/web/kit/notice.tsx'
import { cancelJob, jobsQuery, measure, tuningQuery } from '../api.ts'
import { foundFacts } from './found.ts'

/** How fast the box is, which nobody has to wait for: it can be left out, or done later under Hardware. */
export function Measuring() {
  const { t } = useTranslation()
  const title = useId()
  const report = useQuery(tuningQuery)
  const job = useMeasuringJob(report.refetch)
  if (!report.data) return null
  // Between its end and what it found.
  const isAwaited = job?.state === 'done' && report.data.measurements === null && report.isFetching
  const isRunning = job?.state === 'running' || isAwaited
  return (
    <Stack component="section" gap={12} aria-labelledby={title}>
      <Title order={2} size="h4" id={title}>
        {t('setup.measure.title')}
      </Title>
      {/* Always there, so that what comes into it is read aloud. */}
      <div role="status">
        {isRunning ? <UnderWay job={job} /> : <Standing job={job} report={report.data} />}
      </div>
      <Action running={isRunning ? job : undefined} report={report.data} />
    </Stack>
  )
}

/** The newest measuring, whoever began it; when it ends, what was found is asked for. */
function useMeasuringJob(onEnded: () => unknown): Job | undefined {
  const jobs = useQuery(jobsQuery)
  const job = jobs.data?.find(({ kind }) => kind === 'tuning/calibrate')
  const wasRunning = useRef(false)
  const isRunning = job?.state === 'running'
  useEffect(() => {
    if (wasRunning.current && !isRunning) onEnded()
    wasRunning.current = isRunning
  }, [isRunning, onEnded])
  return job
}

function UnderWay({ job }: { job: Job }) {
  const { t } = useTranslation()
  return (
    <Stack gap={4}>
      <Progress value={(job.fraction ?? 0) * 100} size={12} aria-label={t('setup.measure.underWay')} />
      <Text>{job.message || t('setup.measure.underWay')}</Text>
    </Stack>
  )
}

function Standing({ job, report }: { job: Job | undefined; report: TuningReport }): ReactNode {
  const { t, i18n } = useTranslation()
  if (job?.state === 'failed')
    return (
      <Notice kind="warning" title={t('setup.measure.failed')}>
        {job.error?.message ?? ''}
      </Notice>
    )
  if (report.measurements === null) return <Text className="prose">{t('setup.measure.offer')}</Text>
  const planned = report.settings.filter(({ state }) => state === 'planned').length
  return (
    <Stack gap={12}>
      <Facts facts={foundFacts(t, i18n.language, report)} />
      <Text className="prose">
        {planned === 0 ? (
          t('setup.measure.nothingPlanned')
        ) : (
          <>
            {t('setup.measure.planned', { count: planned })}{' '}
            <Anchor href="/hardware" underline="always">
              {t('setup.measure.look')}
            </Anchor>
          </>
        )}
      </Text>
    </Stack>
  )
}

/** One button all the time: who pressed it by keyboard stays on it. */
function Action({ running, report }: { running: Job | undefined; report: TuningReport }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const acting = useMutation({
    mutationFn: async () => void (await (running ? cancelJob(running.id) : measure())),
    onSuccess: () => client.invalidateQueries({ queryKey: ['jobs'] }),
  })
  const idle = report.measurements === null ? t('setup.measure.action') : t('setup.measure.again')
  return (
    <>
      <Group gap={8}>
        <Button variant="default" onClick={() => acting.isPending || acting.mutate()}>
          {running ? t('cancel') : idle}
        </Button>
      </Group>
      {acting.error && <ErrorPanel error={acting.error} />}
    </>
  )
}
