import { Button, Group, List, Stack, Text } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { lookForUpdates, type SourceState, sourceQuery, takeUpdate } from '../../api/updates.ts'
import { Answer } from '../../kit/answer.tsx'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { formatBytes } from '../../kit/format/bytes.ts'
import { When } from '../../kit/format/when.tsx'
import { Notice } from '../../kit/notice.tsx'
import { Card, Part } from '../../kit/sheet.tsx'
import { StateWord } from '../../kit/state-word.tsx'
import { SourceDialog } from './source-dialog.tsx'

/** Where updates come from, and what is there: one press takes it. */
export function Source({ isOnTrial }: { isOnTrial: boolean }) {
  const { t } = useTranslation()
  const source = useQuery(sourceQuery)
  return (
    <Part title={t('updates.source.title')}>
      <Answer query={source} rows={2}>
        {found => <Place source={found} isOnTrial={isOnTrial} />}
      </Answer>
    </Part>
  )
}

function Place({ source, isOnTrial }: { source: SourceState; isOnTrial: boolean }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [isNaming, setNaming] = useState(false)
  const again = () => client.invalidateQueries({ queryKey: ['updates'] })
  const looking = useMutation({ mutationFn: lookForUpdates, onSettled: again })
  const isKnown = source.address !== null
  const { found } = source
  return (
    <Card>
      <Stack gap={16}>
        {isKnown ? <Found source={source} /> : <Text className="prose">{t('updates.source.none')}</Text>}
        {found?.isNewer && !isOnTrial && <Offer found={found} source={source} />}
        {isKnown && <LastLook source={source} />}
        {looking.error && <ErrorPanel error={looking.error} />}
        <Group gap={8}>
          {isKnown && (
            <Button
              variant="default"
              leftSection={<IconRefresh size={20} aria-hidden />}
              loading={looking.isPending}
              onClick={() => looking.mutate()}
            >
              {t('updates.source.look')}
            </Button>
          )}
          <Button
            variant={isKnown ? 'subtle' : 'default'}
            disabled={isOnTrial}
            onClick={() => setNaming(true)}
          >
            {t(isKnown ? 'updates.source.change' : 'updates.source.name')}
          </Button>
        </Group>
      </Stack>
      {isNaming && <SourceDialog source={source} onClose={() => setNaming(false)} />}
    </Card>
  )
}

function Found({ source: { found, problem } }: { source: SourceState }) {
  const { t, i18n } = useTranslation()
  if (!found) return <Text>{t('updates.source.nothing')}</Text>
  const { version, date, sizeBytes, isNewer } = found
  if (!isNewer && problem) return <Text className="prose">{t('updates.source.newestThen')}</Text>
  if (!isNewer) return <StateWord kind="ok" word={t('updates.source.newest')} />
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'long', timeZone: 'UTC' }).format(
    new Date(date),
  )
  return (
    <div>
      <Text fw={600} className="unbroken">
        {t('updates.source.there', { version })}
      </Text>
      <Text c="dimmed">
        {t('updates.source.about', { day, size: formatBytes(sizeBytes, i18n.language) })}
      </Text>
    </div>
  )
}

type Release = NonNullable<SourceState['found']>

function Offer({ found, source }: { found: Release; source: SourceState }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { version, notes } = found
  const taking = useMutation({
    mutationFn: () => takeUpdate(version),
    onSettled: () =>
      Promise.all(['updates', 'jobs'].map(key => client.invalidateQueries({ queryKey: [key] }))),
  })
  const { heldBack } = source
  return (
    <>
      {heldBack && (
        <Notice kind="info" title={t('updates.source.heldBack')}>
          <Text className="prose unbroken">{heldBack.message}</Text>
          <Text size="sm" c="dimmed">
            <When at={heldBack.at} />
          </Text>
        </Notice>
      )}
      {source.installsAtNight && !heldBack && (
        <Text className="prose">{t('updates.source.takenAtNight')}</Text>
      )}
      {taking.error && <ErrorPanel error={taking.error} />}
      <Group>
        <Button loading={taking.isPending} onClick={() => taking.mutate()}>
          {t('updates.source.take')}
        </Button>
      </Group>
      <Notes notes={notes} />
    </>
  )
}

const shownNotes = 6

/** The first of them; all, if they are wanted. */
function Notes({ notes }: { notes: readonly string[] }) {
  const { t } = useTranslation()
  const [isWhole, setWhole] = useState(notes.length <= shownNotes + 1)
  if (notes.length === 0) return null
  const shown = isWhole ? notes : notes.slice(0, shownNotes)
  return (
    <div>
      <Text fw={600}>{t('updates.source.notes')}</Text>
      <List mt={4} className="prose unbroken">
        {[...new Set(shown)].map(note => (
          <List.Item key={note}>{note}</List.Item>
        ))}
      </List>
      {!isWhole && (
        <Button variant="subtle" mt={4} onClick={() => setWhole(true)}>
          {t('updates.source.more', { count: notes.length - shownNotes })}
        </Button>
      )}
    </div>
  )
}

/** Quietly: that the box is offline for a day is nobody's trouble. */
function LastLook({ source }: { source: SourceState }) {
  const { address, lookedAt, looksDaily, problem, failingSince } = source
  return (
    <div>
      <Text size="sm" c="dimmed" className="prose unbroken">
        {address}
      </Text>
      {lookedAt && !problem && (
        <Text size="sm" c="dimmed">
          <At words={looksDaily ? 'looked' : 'lookedOff'} at={lookedAt} />
        </Text>
      )}
      {lookedAt && problem && (
        <Text size="sm" mt={8} className="prose unbroken" role="status">
          <At words="failed" at={lookedAt} /> {problem.message}
        </Text>
      )}
      {problem && failingSince && failingSince !== lookedAt && (
        <Text size="sm" c="dimmed">
          <At words="failing" at={failingSince} />
        </Text>
      )}
    </div>
  )
}

function At({ words, at }: { words: 'looked' | 'lookedOff' | 'failed' | 'failing'; at: string }) {
  return <Trans i18nKey={`updates.source.${words}`} components={{ when: <When at={at} /> }} />
}
