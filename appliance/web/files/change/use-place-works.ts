import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNews } from '../../kit/api/live.ts'
import type { Work } from '../../kit/tray/tray.tsx'

interface Placing {
  work: string
  what: 'move' | 'copy'
  name: string
  files: number
  fraction: number | null
  state: string
}

/** Moves and copies that take longer than a second, as the tray shows them; how they ended is told by who began them. */
export function usePlaceWorks(): Work[] {
  const { t } = useTranslation()
  const [placings, setPlacings] = useState<readonly Placing[]>([])
  const take = useCallback((data: Record<string, unknown>) => {
    const news = placingIn(data)
    if (!news) return
    setPlacings(before => [
      ...before.filter(one => one.work !== news.work),
      ...(news.state === 'running' ? [news] : []),
    ])
  }, [])
  useNews('files/progress', take)

  return placings.map(({ work, what, name, files, fraction }) => ({
    id: `place-${work}`,
    title: t(what === 'move' ? 'change.moving' : 'change.copying', { name }),
    detail: [t('change.files', { count: files }), fraction === null ? '' : `${Math.floor(fraction * 100)} %`]
      .filter(Boolean)
      .join(' · '),
    fraction,
    state: 'running',
  }))
}

function placingIn(data: Record<string, unknown>): Placing | undefined {
  const { work, what, name, files, fraction, state } = data
  if (typeof work !== 'string' || typeof name !== 'string' || typeof files !== 'number') return undefined
  if (what !== 'move' && what !== 'copy') return undefined
  return {
    work,
    what,
    name,
    files,
    fraction: typeof fraction === 'number' ? fraction : null,
    state: String(state),
  }
}
