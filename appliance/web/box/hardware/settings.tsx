import { Button, Group, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  applyTuning,
  type PutBack,
  revertTuning,
  type TuningReport,
  type TuningSetting,
} from '../../api/tuning.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { FoldedPart } from '../../kit/folded-part.tsx'
import { Notice } from '../../kit/notice.tsx'
import { Rows } from '../../kit/rows.tsx'
import { Part } from '../../kit/sheet.tsx'
import { useToast } from '../../kit/toast.tsx'
import { ByItself } from './by-itself.tsx'
import classes from './hardware.module.css'
import { JobProgress } from './job-progress.tsx'
import { SettingDrawer } from './setting-drawer.tsx'
import { SettingRow } from './setting-row.tsx'
import { useTuningChange, useTuningJob, useTuningStart } from './use-tuning.ts'

type Stage = TuningSetting['state']

/** What can be done about comes first; what needs nobody is folded. */
const open: Stage[] = ['planned', 'applied', 'unavailable']
const folded: Stage[] = ['advice', 'as-is']

/** Each setting with its why, and the way there and back, for one or for all. */
export function Settings({ report }: { report: TuningReport }) {
  const { t } = useTranslation()
  const [shown, setShown] = useState<string | null>(null)
  const [stuck, setStuck] = useState<PutBack['failed']>([])
  const { settings, automatic } = report
  const job = useTuningJob()
  const setting = settings.find(({ name }) => name === shown)
  const hint = (stage: Stage) =>
    t(stage === 'planned' && automatic.isOn ? 'hardware.byItself.planned' : `hardware.stage.${stage}.hint`)
  const inStage = (stage: Stage) => settings.filter(({ state }) => state === stage)
  const rows = (stage: Stage) => (
    <Rows label={t(`hardware.stage.${stage}.title`)}>
      {inStage(stage).map(one => (
        <SettingRow
          key={one.name}
          setting={one}
          isAutomatic={automatic.isOn}
          onOpen={() => setShown(one.name)}
        />
      ))}
    </Rows>
  )
  return (
    <Part
      title={t('hardware.settings')}
      action={
        <AllActions
          planned={inStage('planned').length}
          applied={inStage('applied').length}
          onStuck={setStuck}
        />
      }
    >
      <Text c="dimmed" className="prose">
        {t('hardware.settingsHint')}
      </Text>
      <ByItself automatic={automatic} />
      {job?.kind === 'tuning/apply' && <JobProgress job={job} />}
      <Stuck failed={stuck} settings={settings} />
      {open
        .filter(stage => inStage(stage).length > 0)
        .map(stage => (
          <div key={stage} className={classes.stage}>
            <Title order={3} size="h5">
              {t(`hardware.stage.${stage}.title`)}
            </Title>
            <Text c="dimmed" size="sm" className="prose">
              {hint(stage)}
            </Text>
            {rows(stage)}
          </div>
        ))}
      {folded
        .filter(stage => inStage(stage).length > 0)
        .map(stage => (
          <FoldedPart key={stage} title={`${t(`hardware.stage.${stage}.title`)} (${inStage(stage).length})`}>
            <Text c="dimmed" size="sm" className="prose">
              {hint(stage)}
            </Text>
            {rows(stage)}
          </FoldedPart>
        ))}
      {setting && (
        <SettingDrawer
          setting={setting}
          brought={report.brought}
          isAutomatic={automatic.isOn}
          onStuck={setStuck}
          onClose={() => setShown(null)}
        />
      )}
    </Part>
  )
}

interface AllProps {
  planned: number
  applied: number
  onStuck: (failed: PutBack['failed']) => void
}

function AllActions({ planned, applied, onStuck }: AllProps) {
  const { t } = useTranslation()
  const toast = useToast()
  const job = useTuningJob()
  const applying = useTuningStart(() => applyTuning())
  const reverting = useTuningChange(
    () => revertTuning(),
    ({ reverted, failed }) => {
      onStuck(failed)
      if (failed.length === 0) toast.done({ text: t('hardware.putBackAll', { count: reverted.length }) })
    },
  )
  return (
    <Group gap={8}>
      {applied > 0 && (
        <Button
          variant="default"
          disabled={job !== undefined}
          loading={reverting.isPending}
          onClick={() => reverting.mutate(undefined)}
        >
          {t('hardware.revertAll')}
        </Button>
      )}
      {planned > 0 && (
        <Button
          disabled={job !== undefined}
          loading={applying.isPending}
          onClick={() => applying.mutate(undefined)}
        >
          {t('hardware.applyAll', { count: planned })}
        </Button>
      )}
      {reverting.error && <ErrorPanel error={reverting.error} />}
    </Group>
  )
}

function Stuck({ failed, settings }: { failed: PutBack['failed']; settings: readonly TuningSetting[] }) {
  const { t } = useTranslation()
  if (failed.length === 0) return null
  const words = ({ name, message }: (typeof failed)[number]) => {
    const title = settings.find(setting => setting.name === name)?.title ?? name
    // What the plan does not ask for any more has no other title than its name, which the message begins with.
    return title === name ? message : `${title}: ${message}`
  }
  return (
    <Notice kind="warning" title={t('hardware.stuck', { count: failed.length })}>
      {failed.map(one => (
        <Text key={one.name} className="unbroken">
          {words(one)}
        </Text>
      ))}
    </Notice>
  )
}
