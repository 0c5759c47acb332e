import { ActionIcon, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { copyText } from './copy-text.ts'

const shownMs = 1500

/** Copies, and says for a moment that it did. */
export function CopyButton({ value, label }: { value: string; label: string }) {
  const { t } = useTranslation()
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setCopied(false), shownMs)
    return () => clearTimeout(timer)
  }, [isCopied])
  return (
    <>
      <Tooltip label={isCopied ? t('copied') : label} openDelay={isCopied ? 0 : 400}>
        <ActionIcon aria-label={label} onClick={() => copyText(value).then(() => setCopied(true))}>
          {isCopied ? <IconCheck size={20} /> : <IconCopy size={20} />}
        </ActionIcon>
      </Tooltip>
      <span className="only-read-aloud" aria-live="polite">
        {isCopied ? t('copied') : ''}
      </span>
    </>
  )
}
