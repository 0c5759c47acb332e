import { Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { tuningTextQuery } from '../../api/tuning.ts'
import { copyText } from '../../kit/copy-text.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { useToast } from '../../kit/toast.tsx'
import classes from './hardware.module.css'

/** The text is shown first: nobody should hand out what they have not seen. */
export function ReportDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const toast = useToast()
  const text = useQuery(tuningTextQuery)
  const copy = () =>
    copyText(text.data ?? '').then(() => {
      toast.done({ text: t('hardware.reportCopied') })
      onClose()
    }, toast.failed)
  return (
    <Dialog
      title={t('hardware.report')}
      action={t('hardware.copyReport')}
      size="xl"
      isReady={text.data !== undefined}
      error={text.error}
      onConfirm={() => void copy()}
      onClose={onClose}
    >
      <Text className="prose">{t('hardware.reportHint')}</Text>
      <Textarea
        label={t('hardware.reportLabel')}
        readOnly
        value={text.data ?? ''}
        rows={14}
        classNames={{ input: classes.reportText ?? '' }}
      />
    </Dialog>
  )
}
