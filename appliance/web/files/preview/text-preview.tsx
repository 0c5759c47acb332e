import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Answer } from '../../kit/answer.tsx'
import { formatBytes } from '../../kit/format/bytes.ts'
import classes from './preview.module.css'
import { readContent } from './read-content.ts'

const shownBytes = 256_000

/** The beginning of a text. */
export function TextPreview({ address }: { address: string }) {
  const { t } = useTranslation()
  const text = useQuery({
    queryKey: ['preview', address],
    gcTime: 0,
    async queryFn({ signal }) {
      const response = await readContent(address, { Range: `bytes=0-${shownBytes - 1}` }, signal)
      const bytes = await response.arrayBuffer()
      const total = Number(response.headers.get('Content-Range')?.split('/')[1] ?? bytes.byteLength)
      return { text: new TextDecoder().decode(bytes), isCut: total > bytes.byteLength }
    },
  })
  return (
    <Answer query={text}>
      {({ text, isCut }) => (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <pre className={classes.text} tabIndex={0}>
            {text}
          </pre>
          {isCut && <Text c="dimmed">{t('preview.cut', { size: formatBytes(shownBytes) })}</Text>}
        </>
      )}
    </Answer>
  )
}
