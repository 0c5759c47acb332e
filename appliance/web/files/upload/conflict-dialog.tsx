import { Button, Checkbox, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { nameOf, parentOf } from '../path.ts'
import type { ConflictAnswer } from './batch.ts'
import type { ConflictQuestion } from './uploads.ts'

/** A file of that name is there: replace it, keep both, or skip. */
export function ConflictDialog({ question }: { question: ConflictQuestion }) {
  const { t } = useTranslation()
  const [isForAll, setForAll] = useState(false)
  const give = (answer: ConflictAnswer) => question.answer(answer, isForAll)
  const folder = nameOf(parentOf(question.path)) || t('files.home')
  return (
    <Modal
      opened
      onClose={() => give('skip')}
      title={t('conflict.title')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={16}>
        <Text className="unbroken">{t('conflict.text', { name: nameOf(question.path), folder })}</Text>
        {question.others > 0 && (
          <Checkbox
            label={t('conflict.forAll', { count: question.others })}
            checked={isForAll}
            onChange={event => setForAll(event.currentTarget.checked)}
          />
        )}
        <Stack gap={8}>
          <Button onClick={() => give('keep-both')} data-autofocus>
            {t('conflict.keepBoth')}
          </Button>
          <Button variant="default" onClick={() => give('replace')}>
            {t('conflict.replace')}
          </Button>
          <Button variant="default" onClick={() => give('skip')}>
            {t('conflict.skip')}
          </Button>
        </Stack>
        <Text size="sm" c="dimmed">
          {t('conflict.note')}
        </Text>
      </Stack>
    </Modal>
  )
}
