import { Button, Text } from '@mantine/core'
import { IconGauge } from '@tabler/icons-react'
import { Trans, useTranslation } from 'react-i18next'
import { type Figures, measureBox, type TuningReport } from '../../api/tuning.ts'
import { Bars } from '../../kit/bars.tsx'
import { EmptyPlace } from '../../kit/empty-place.tsx'
import { When } from '../../kit/format/when.tsx'
import { Notice } from '../../kit/notice.tsx'
import { Part } from '../../kit/sheet.tsx'
import { chartsOf } from './charts.ts'
import classes from './hardware.module.css'
import { JobProgress } from './job-progress.tsx'
import { useTuningJob, useTuningStart } from './use-tuning.ts'

/** What was measured on this machine, and the way to measure it anew. */
export function FigureCharts({ report }: { report: TuningReport }) {
  const { t } = useTranslation()
  const { measurements, isMeasuredHere } = report
  const job = useTuningJob()
  const measuring = useTuningStart(measureBox)
  const button = (
    <Button
      variant={measurements === null ? 'filled' : 'default'}
      leftSection={<IconGauge size={20} aria-hidden />}
      disabled={job !== undefined}
      loading={measuring.isPending}
      onClick={() => measuring.mutate(undefined)}
    >
      {t(measurements === null ? 'hardware.measure' : 'hardware.measureAgain')}
    </Button>
  )
  return (
    <Part title={t('hardware.figures')} action={measurements !== null && button}>
      {job?.kind === 'tuning/calibrate' && <JobProgress job={job} />}
      {measurements === null ? (
        <EmptyPlace icon={<IconGauge size={40} stroke={1.25} />} text={t('hardware.noFigures')}>
          {button}
        </EmptyPlace>
      ) : (
        <>
          {!isMeasuredHere && (
            <Notice kind="warning" title={t('hardware.otherHardware')}>
              {t('hardware.otherHardwareHint')}
            </Notice>
          )}
          <Measured figures={measurements} report={report} />
        </>
      )}
    </Part>
  )
}

function Measured({ figures, report }: { figures: Figures; report: TuningReport }) {
  const { t, i18n } = useTranslation()
  return (
    <>
      <Text c="dimmed" className="prose">
        <Trans
          i18nKey="hardware.measuredAt"
          values={{ count: Math.max(1, Math.round(figures.tookMs / 1000)) }}
          components={{ when: <When at={figures.takenAt} /> }}
        />
      </Text>
      <div className={classes.charts}>
        {chartsOf({ t, locale: i18n.language, figures, settings: report.settings }).map(chart => (
          <Bars key={chart.title} {...chart} />
        ))}
      </div>
    </>
  )
}
