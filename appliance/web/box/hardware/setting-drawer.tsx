import { Button, Code, Divider, Drawer, Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import {
  applyTuning,
  type Brought,
  type BroughtResult,
  chooseValue,
  type PutBack,
  revertTuning,
  type TuningSetting,
} from '../../api/tuning.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { Facts } from '../../kit/facts.tsx'
import { formatMemory } from '../../kit/format/memory.ts'
import { Notice } from '../../kit/notice.tsx'
import { useToast } from '../../kit/toast.tsx'
import { broughtWords } from './brought-words.ts'
import classes from './hardware.module.css'
import { SettingChoice } from './setting-choice.tsx'
import { Change, SettingState } from './setting-row.tsx'
import { useTuningChange, useTuningJob, useTuningStart } from './use-tuning.ts'

interface Props {
  setting: TuningSetting
  brought: Brought | null
  isAutomatic: boolean
  onStuck: (failed: PutBack['failed']) => void
  onClose: () => void
}

/** One setting: why, on what ground, and what one may do about it. */
export function SettingDrawer({ setting, brought, isAutomatic, onStuck, onClose }: Props) {
  const { t } = useTranslation()
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={setting.title}
      transitionProps={{ duration: 130 }}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={16}>
        <Group gap={12}>
          <SettingState setting={setting} isAutomatic={isAutomatic} />
        </Group>
        <Problem setting={setting} />
        {setting.isPutBack && isAutomatic && (
          <Notice kind="info">{t('hardware.byItself.putBackHint')}</Notice>
        )}
        <About setting={setting} brought={brought} />
        <Actions setting={setting} onStuck={onStuck} />
        {setting.state !== 'unavailable' && (
          <>
            <Divider />
            <SettingChoice key={setting.to} setting={setting} />
          </>
        )}
      </Stack>
    </Drawer>
  )
}

/** What would take it up, why it cannot be set, or why it was undone. */
function Problem({ setting: { state, problem } }: { setting: TuningSetting }) {
  const { t } = useTranslation()
  if (problem === null) return null
  if (state === 'planned') return <Notice kind="warning">{problem}</Notice>
  const title = state === 'advice' ? t('hardware.notTakenUp') : t('hardware.notSettable')
  return (
    <Notice kind="info" title={title}>
      {problem}
    </Notice>
  )
}

function About({ setting, brought }: Pick<Props, 'setting' | 'brought'>) {
  const { t } = useTranslation()
  const { name, group, reason, evidence, effect, revert, memoryBytes } = setting
  const results = brought?.results.filter(result => result.group === group) ?? []
  return (
    <Facts
      facts={[
        [t('hardware.value'), <Change key="value" setting={setting} />],
        [t('hardware.why'), reason],
        [t('hardware.evidence'), evidence],
        [t('hardware.effect'), effect],
        ...(results.length > 0
          ? ([[t('hardware.brought.group'), <Results key="brought" results={results} />]] as const)
          : []),
        ...(memoryBytes > 0 ? ([[t('hardware.costs'), formatMemory(memoryBytes)]] as const) : []),
        [t('hardware.wayBack'), revert],
        [
          t('hardware.name'),
          <Code key="name" className="unbroken">
            {name}
          </Code>,
        ],
      ]}
    />
  )
}

function Results({ results }: { results: readonly BroughtResult[] }) {
  const { t, i18n } = useTranslation()
  return (
    <ul className={classes.items}>
      {results.map(({ what, work, percent }) => (
        <li key={`${what} ${work}`}>
          <span className={classes.work}>
            {work}: {broughtWords(t, percent, i18n.language)}
          </span>
          <span className={classes.more}>{what}</span>
        </li>
      ))}
    </ul>
  )
}

function Actions({ setting, onStuck }: Pick<Props, 'setting' | 'onStuck'>) {
  const { t } = useTranslation()
  const toast = useToast()
  const { name, title, state, from, isChoice } = setting
  const isBusy = useTuningJob() !== undefined
  const applying = useTuningStart(() => applyTuning(name))
  const reverting = useTuningChange(
    () => revertTuning(name),
    ({ failed }) => {
      onStuck(failed)
      if (failed.length === 0) toast.done({ text: t('hardware.putBack', { title }) })
    },
  )
  const choosing = useTuningChange(
    (value: string | null) => chooseValue(name, value),
    () => undefined,
  )
  const error = reverting.error ?? choosing.error
  return (
    <Stack gap={8}>
      {state === 'planned' && (
        <Button disabled={isBusy} loading={applying.isPending} onClick={() => applying.mutate(undefined)}>
          {t('hardware.applyOne')}
        </Button>
      )}
      {state === 'planned' && from !== null && !isChoice && (
        <Button variant="default" loading={choosing.isPending} onClick={() => choosing.mutate(from)}>
          {t('hardware.leave')}
        </Button>
      )}
      {state === 'applied' && (
        <Button
          variant="default"
          disabled={isBusy}
          loading={reverting.isPending}
          onClick={() => reverting.mutate(undefined)}
        >
          {t('hardware.revertOne')}
        </Button>
      )}
      {isChoice && (
        <Button variant="default" loading={choosing.isPending} onClick={() => choosing.mutate(null)}>
          {t('hardware.backToPlan')}
        </Button>
      )}
      {isBusy && (
        <Text size="sm" c="dimmed">
          {t('hardware.busy')}
        </Text>
      )}
      {error && <ErrorPanel error={error} />}
    </Stack>
  )
}
