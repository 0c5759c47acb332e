import { Anchor, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { ActivityList } from '../../activity/activity-list.tsx'
import type { Entry } from '../../api/files.ts'
import { latestActivityQuery } from '../../api/journal.ts'
import { Answer } from '../../kit/answer.tsx'

const shown = 30

/** What happened to one thing: to a file by its id, which it keeps wherever it goes; to a folder with all that is in it. */
export function OwnActivity({ path, entry }: { path: string; entry: Entry }) {
  const { t } = useTranslation()
  const isKnown = entry.kind === 'file' && entry.id !== null
  const filter = isKnown ? { id: entry.id ?? undefined } : { folder: path }
  const latest = useQuery(latestActivityQuery(filter, shown))
  return (
    <Answer query={latest} rows={3} height={64}>
      {({ entries, next }) =>
        entries.length === 0 ? (
          <Text c="dimmed">{t('activity.emptyOne')}</Text>
        ) : (
          <Stack gap={16}>
            <ActivityList entries={entries} isShort={isKnown} />
            {next !== null && !isKnown && (
              <Anchor component={Link} to={`/activity?folder=${encodeURIComponent(path)}`}>
                {t('activity.allOfFolder')}
              </Anchor>
            )}
            {next !== null && isKnown && (
              <Text c="dimmed">{t('activity.latest', { count: entries.length })}</Text>
            )}
          </Stack>
        )
      }
    </Answer>
  )
}
