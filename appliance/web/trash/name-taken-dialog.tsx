import { Button, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { WhenTaken } from '../api/trash.ts'
import { NameList } from './name-list.tsx'

interface Props {
  names: readonly string[]
  onAnswer: (whenTaken: WhenTaken) => void
  onClose: () => void
}

/** Something of that name is there by now: keep both, replace it, or leave what was deleted in the trash. */
export function NameTakenDialog({ names, onAnswer, onClose }: Props) {
  const { t } = useTranslation()
  const count = names.length
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('trash.taken.title', { count })}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={16}>
        <Text className="unbroken">{t('trash.taken.text', { count, name: names[0] })}</Text>
        {count > 1 && <NameList names={names} />}
        <Stack gap={8}>
          <Button onClick={() => onAnswer('rename')} data-autofocus>
            {t('trash.taken.keepBoth')}
          </Button>
          <Button variant="default" onClick={() => onAnswer('replace')}>
            {t('trash.taken.replace', { count })}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
        </Stack>
        <Text size="sm" c="dimmed">
          {t('trash.taken.note')}
        </Text>
      </Stack>
    </Modal>
  )
}
