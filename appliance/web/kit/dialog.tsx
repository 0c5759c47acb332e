import { Button, Group, Modal, Stack } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorPanel } from './error-panel.tsx'

interface Props {
  title: string
  /** What the button does: "Delete 3 files". */
  action: string
  isDangerous?: boolean
  isReady?: boolean
  isBusy?: boolean
  error?: unknown
  onConfirm: () => void
  onClose: () => void
  children: ReactNode
  size?: string
}

/** One question with one answer: a form whose button says what it does. */
export function Dialog(props: Props) {
  const { t } = useTranslation()
  const {
    title,
    action,
    isDangerous = false,
    isReady = true,
    isBusy = false,
    error,
    onConfirm,
    onClose,
    children,
    size,
  } = props
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isReady && !isBusy) onConfirm()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size ?? 'md'}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <form onSubmit={submit}>
        <Stack gap={16}>
          {children}
          {Boolean(error) && <ErrorPanel error={error} />}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" color={isDangerous ? 'red' : 'moss'} disabled={!isReady} loading={isBusy}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
