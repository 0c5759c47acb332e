import { Button, List, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type ResetPlan, resetQuery } from '../../api/reset.ts'
import { Answer } from '../../kit/answer.tsx'
import { Card, Part, Sheet } from '../../kit/sheet.tsx'
import { BoxTabs } from '../box-tabs.tsx'
import { ResetDialog } from './reset-dialog.tsx'
import { StartingAnew } from './starting-anew.tsx'

/** Back to the first boot, with the files kept or erased by choice. */
export function ResetPage() {
  const { t } = useTranslation()
  const plan = useQuery(resetQuery)
  const [isBegun, setBegun] = useState(false)
  return (
    <Sheet title={t('box.title')} lead={<BoxTabs />}>
      <Part title={t('reset.title')}>
        {isBegun ? (
          <StartingAnew />
        ) : (
          <Answer query={plan}>{found => <Offer plan={found} onBegun={() => setBegun(true)} />}</Answer>
        )}
      </Part>
    </Sheet>
  )
}

const gone = ['people', 'shares', 'settings', 'identity', 'keys'] as const

function Offer({ plan, onBegun }: { plan: ResetPlan; onBegun: () => void }) {
  const { t, i18n } = useTranslation()
  const [isAsking, setAsking] = useState(false)
  const names = new Intl.ListFormat(i18n.language).format(plan.pools.map(({ name }) => name))
  return (
    <>
      <Text c="dimmed" className="prose">
        {t('reset.lead')}
      </Text>
      <Card>
        <Text fw={600}>{t('reset.goes')}</Text>
        <List mt={4} mb={16} className="prose">
          {gone.map(what => (
            <List.Item key={what}>{t(`reset.gone.${what}`)}</List.Item>
          ))}
        </List>
        <Text fw={600}>{t('reset.stays')}</Text>
        <Text mt={4} mb={16} className="prose">
          {plan.pools.length === 0
            ? t('reset.noPools')
            : t('reset.poolsStay', { names, count: plan.pools.length })}
        </Text>
        <Button color="red" variant="outline" onClick={() => setAsking(true)}>
          {t('reset.open')}
        </Button>
      </Card>
      {isAsking && <ResetDialog plan={plan} onBegun={onBegun} onClose={() => setAsking(false)} />}
    </>
  )
}
