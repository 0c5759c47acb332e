import { Button, Group, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './copy-button.tsx'
import classes from './error-panel.module.css'
import { useErrorText } from './error-text.ts'

/** What happened, what it means for the files, what to do now; the code stands small beneath. */
export function ErrorPanel({
  error,
  onRetry,
  children,
}: {
  error: unknown
  onRetry?: () => void
  children?: ReactNode
}) {
  const { t } = useTranslation()
  const { what, means, next, code } = useErrorText()(error)
  return (
    <div role="alert" className={classes.panel}>
      <IconAlertTriangle size={20} className={classes.icon} aria-hidden />
      <Stack gap={4} className="prose">
        <Text fw={600} className="unbroken">
          {what}
        </Text>
        <Text>{means}</Text>
        <Text>{next}</Text>
        <Group gap={4} mt={4}>
          {onRetry && (
            <Button variant="default" size="sm" onClick={onRetry}>
              {t('tryAgain')}
            </Button>
          )}
          {children}
          <Text component="code" size="xs" c="dimmed" ff="monospace">
            {code}
          </Text>
          <CopyButton value={code} label={t('copyCode')} />
        </Group>
      </Stack>
    </div>
  )
}
