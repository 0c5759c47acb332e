import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { sourceQuery } from '../api/updates.ts'
import { Notice } from '../kit/notice.tsx'

/** That there is a newer version is good to know, and no trouble. */
export function UpdateNote() {
  const { t } = useTranslation()
  const source = useQuery(sourceQuery)
  const found = source.data?.found
  if (!found?.isNewer) return null
  return (
    <Notice kind="info" title={t('updates.source.there', { version: found.version })}>
      <Text className="prose">{t('updates.source.note')}</Text>
      <Group mt={12}>
        <Button component={Link} to="/updates" variant="default">
          {t('updates.source.see')}
        </Button>
      </Group>
    </Notice>
  )
}
