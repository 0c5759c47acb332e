import { Button, List, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Difference, type EarlierVersion, earlierQuery, goBack } from '../../api/updates.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { Notice } from '../../kit/notice.tsx'
import { Card, Part } from '../../kit/sheet.tsx'
import { Away } from './restarting.tsx'

/** The version before this one, with the settings of its time: what that would lose is listed before. */
export function GoingBack() {
  const { t } = useTranslation()
  const earlier = useQuery(earlierQuery)
  const [isAsking, setAsking] = useState(false)
  const [isBegun, setBegun] = useState(false)
  if (!earlier.data) return null
  const { version } = earlier.data
  return (
    <Part title={t('updates.back.title')}>
      {isBegun ? (
        <Away />
      ) : (
        <Card>
          <Text className="prose">{t('updates.back.offer', { version })}</Text>
          <Button variant="default" mt={16} onClick={() => setAsking(true)}>
            {t('updates.back.open', { version })}
          </Button>
        </Card>
      )}
      {isAsking && (
        <GoBackDialog
          earlier={earlier.data}
          onBegun={() => {
            setAsking(false)
            setBegun(true)
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </Part>
  )
}

interface Props {
  earlier: EarlierVersion
  onBegun: () => void
  onClose: () => void
}

function GoBackDialog({ earlier, onBegun, onClose }: Props) {
  const { t } = useTranslation()
  const { version, lost, kept, problem } = earlier
  const going = useMutation({ mutationFn: () => goBack(version), onSuccess: onBegun })
  return (
    <Dialog
      title={t('updates.back.question', { version })}
      action={t('updates.back.action')}
      isDangerous
      isReady={problem === null}
      isBusy={going.isPending}
      error={going.error}
      onConfirm={() => going.mutate()}
      onClose={onClose}
      size="lg"
    >
      {problem !== null && <Notice kind="danger">{problem}</Notice>}
      <div>
        <Text fw={600}>{t('updates.back.lost')}</Text>
        {lost.length === 0 ? (
          <Text mt={4}>{t('updates.back.nothingLost')}</Text>
        ) : (
          <Differences differences={lost} words="lostWords" />
        )}
      </div>
      {kept.length > 0 && (
        <div>
          <Text fw={600}>{t('updates.back.kept')}</Text>
          <Differences differences={kept} words="keptWords" />
        </div>
      )}
      <Text className="prose">{t('updates.back.stays')}</Text>
    </Dialog>
  )
}

const mostNames = 8

function Differences({
  differences,
  words,
}: {
  differences: readonly Difference[]
  words: 'lostWords' | 'keptWords'
}) {
  const { t, i18n } = useTranslation()
  const inWords = (what: Difference['what'], name: string) =>
    what === 'settings' && i18n.exists(`updates.back.setting.${name}`)
      ? t(`updates.back.setting.${name}` as 'updates.back.setting.system/name')
      : name
  const named = ({ what, names, count }: Difference) => {
    const shown = names.slice(0, mostNames).map(name => inWords(what, name))
    const rest = names.length - shown.length
    const more = rest > 0 ? [t('updates.back.more', { count: rest })] : []
    return names.length > 0
      ? new Intl.ListFormat(i18n.language).format([...shown, ...more])
      : t('updates.back.count', { count })
  }
  return (
    <List mt={4} className="prose">
      {differences.map(one => (
        <List.Item key={`${one.what} ${one.how}`} className="unbroken">
          {t(`updates.back.what.${one.what}`)}, {t(`updates.back.${words}.${one.how}`)}: {named(one)}
        </List.Item>
      ))}
    </List>
  )
}
