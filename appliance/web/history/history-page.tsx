import { Text } from '@mantine/core'
import { IconFolderSymlink, IconHome } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Person } from '../api/session.ts'
import { sharesQuery } from '../api/shares.ts'
import { Answer } from '../kit/answer.tsx'
import { Row, Rows } from '../kit/rows.tsx'
import { Sheet } from '../kit/sheet.tsx'

/** The home and the shares whose history can be looked at. */
export function HistoryPage({ person }: { person: Person }) {
  const { t } = useTranslation()
  const shares = useQuery(sharesQuery)
  return (
    <Sheet title={t('history.title')}>
      <Text c="dimmed" className="prose" mt={-16}>
        {t('history.lead')}
      </Text>
      <Answer query={shares} height={56}>
        {found => (
          <Rows label={t('history.title')}>
            {/* A home and a share never have one name. */}
            <Row icon={<IconHome size={20} />} title={t('history.home')} to={historyOf(person.name)} />
            {found.map(({ name }) => (
              <Row key={name} icon={<IconFolderSymlink size={20} />} title={name} to={historyOf(name)} />
            ))}
          </Rows>
        )}
      </Answer>
    </Sheet>
  )
}

function historyOf(name: string): string {
  return `/history/${encodeURIComponent(name)}`
}
