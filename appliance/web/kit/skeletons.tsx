import { Skeleton, Stack } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

const delayMs = 150

/** Grey lines where content will be, but only if it takes long enough to be noticed. */
export function Skeletons({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  const { t } = useTranslation()
  const isShown = useDelay(delayMs)
  if (!isShown) return null
  return (
    <Stack gap={8} p={8}>
      <span className="only-read-aloud" role="status">
        {t('loading')}
      </span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows without content have no other name
        <Skeleton key={row} height={height - 8} radius={8} />
      ))}
    </Stack>
  )
}

function useDelay(ms: number): boolean {
  const [isOver, setOver] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), ms)
    return () => clearTimeout(timer)
  }, [ms])
  return isOver
}
