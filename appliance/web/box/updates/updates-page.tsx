import { Button, Group, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type UpdateState, updatesQuery } from '../../api/updates.ts'
import { Answer } from '../../kit/answer.tsx'
import { Facts } from '../../kit/facts.tsx'
import { Notice } from '../../kit/notice.tsx'
import { Card, Part, Sheet } from '../../kit/sheet.tsx'
import { BoxTabs } from '../box-tabs.tsx'
import { Going, useUpdateJob } from './going.tsx'
import { GoingBack } from './going-back.tsx'
import { Receiving } from './receiving.tsx'
import { Restarting } from './restarting.tsx'
import { Source } from './source.tsx'

/** Which version runs, and how the box gets another one. */
export function UpdatesPage() {
  const { t } = useTranslation()
  const updates = useQuery(updatesQuery)
  return (
    <Sheet title={t('box.title')} lead={<BoxTabs />}>
      <Answer query={updates}>{state => <Updates state={state} />}</Answer>
    </Sheet>
  )
}

function Updates({ state }: { state: UpdateState }) {
  const { t } = useTranslation()
  const { slots, version } = state
  return (
    <>
      {state.isOnTrial && (
        <Notice kind="info" title={t('updates.onTrial', { version })}>
          {t('updates.onTrialHint')}
        </Notice>
      )}
      {slots?.compatible === 'cairn-rpi' && (
        <Notice kind="info" title={t('updates.untried')}>
          {t('updates.untriedHint')}
        </Notice>
      )}
      <Part title={t('updates.runs')}>
        <Card>
          <Facts
            facts={[
              [t('updates.version'), version],
              ...(slots?.slots ?? [])
                .filter(({ isBooted }) => !isBooted)
                .map(one => [t('updates.other'), one.version ?? t('updates.asFlashed')] as const),
            ]}
          />
        </Card>
      </Part>
      {state.isPossible ? <Others state={state} /> : <Text className="prose">{t('updates.notHere')}</Text>}
      {state.isPossible && !state.isOnTrial && !state.waitsForRestart && <GoingBack />}
      {state.isPossible && <BoxLog />}
    </>
  )
}

/** What may run instead: what is under way, what is published, what is given. */
function Others({ state }: { state: UpdateState }) {
  const { t } = useTranslation()
  const job = useUpdateJob()
  if (job)
    return (
      <Part title={job.title}>
        <Going label={job.message || t('updates.begins')} fraction={job.fraction} />
      </Part>
    )
  if (state.waitsForRestart)
    return (
      <Part title={t('updates.another')}>
        <Restarting state={state} />
      </Part>
    )
  return (
    <>
      <Source isOnTrial={state.isOnTrial} />
      <Part title={t('updates.byFile')}>
        <Text c="dimmed" className="prose">
          {t('updates.hint')}
        </Text>
        <Receiving state={state} />
      </Part>
    </>
  )
}

/** For who helps when something is wrong. */
function BoxLog() {
  const { t } = useTranslation()
  return (
    <Part title={t('updates.log')}>
      <Text c="dimmed" className="prose">
        {t('updates.logHint')}
      </Text>
      <Group>
        <Button
          component="a"
          href="/api/v1/system/log"
          download
          variant="default"
          leftSection={<IconDownload size={20} aria-hidden />}
        >
          {t('updates.downloadLog')}
        </Button>
      </Group>
    </Part>
  )
}
