import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { type HealthIssue, healthQuery } from '../api/box.ts'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Notice } from '../kit/notice.tsx'
import { StateWord } from '../kit/state-word.tsx'

/** Trouble on top: what happened, what it means, and the button that leads out. Without trouble, one calm line. */
export function HealthCards() {
  const { t } = useTranslation()
  const health = useQuery(healthQuery)
  if (health.error && !health.data)
    return <ErrorPanel error={health.error} onRetry={() => void health.refetch()} />
  if (!health.data) return null
  if (health.data.issues.length === 0) return <StateWord kind="ok" word={t('box.allWell')} />
  return health.data.issues.map(issue => (
    <IssueCard key={`${issue.code} ${issue.subject ?? ''}`} issue={issue} />
  ))
}

function IssueCard({ issue }: { issue: HealthIssue }) {
  const hints = issue.suggestions.filter(suggestion => suggestion.href === undefined)
  const ways = issue.suggestions.filter(suggestion => suggestion.href !== undefined)
  return (
    <Notice kind={issue.severity} title={issue.title}>
      <Text className="prose">{issue.detail}</Text>
      {hints.map(({ label }) => (
        <Text key={label} className="prose">
          {label}
        </Text>
      ))}
      {ways.length > 0 && (
        <Group gap={8} mt={12}>
          {ways.map(({ label, href }, index) => (
            <Button
              key={label}
              component={Link}
              to={href ?? '/storage'}
              variant={index === 0 ? 'filled' : 'default'}
            >
              {label}
            </Button>
          ))}
        </Group>
      )}
      <Text component="code" size="xs" c="dimmed" ff="monospace">
        {issue.code}
      </Text>
    </Notice>
  )
}
