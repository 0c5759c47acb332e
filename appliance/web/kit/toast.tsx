import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useTranslation } from 'react-i18next'
import { useErrorText } from './error-text.ts'

interface Toast {
  text: string
  onUndo?: () => void
}

const shownMs = 7_000
const longestLines = 8

/** Says what was done, and offers to undo it where that is possible. */
export function useToast() {
  const { t } = useTranslation()
  const errorText = useErrorText()
  return {
    done({ text, onUndo }: Toast) {
      const id = notifications.show({
        autoClose: shownMs,
        closeButtonProps: { 'aria-label': t('close') },
        message: (
          <Group justify="space-between" wrap="nowrap" gap={16}>
            <Text className="unbroken" lineClamp={longestLines} title={text}>
              {text}
            </Text>
            {onUndo && (
              <Button
                variant="subtle"
                size="sm"
                flex="none"
                onClick={() => {
                  notifications.hide(id)
                  onUndo()
                }}
              >
                {t('undo')}
              </Button>
            )}
          </Group>
        ),
      })
    },
    failed(error: unknown) {
      const { what, means, next, code } = errorText(error)
      notifications.show({
        color: 'red',
        autoClose: false,
        title: what,
        closeButtonProps: { 'aria-label': t('close') },
        message: (
          <>
            {means} {next}{' '}
            <Text span size="xs" c="dimmed" ff="monospace">
              {code}
            </Text>
          </>
        ),
      })
    },
  }
}
