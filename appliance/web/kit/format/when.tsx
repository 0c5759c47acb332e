import { useTranslation } from 'react-i18next'
import { formatAgo, formatExact } from './ago.ts'

/** A time as people say it, with the exact one on hover. */
export function When({ at }: { at: string }) {
  const { i18n } = useTranslation()
  const date = new Date(at)
  return (
    <time dateTime={at} title={formatExact(date, i18n.language)} className="tabular">
      {formatAgo(date, new Date(), i18n.language)}
    </time>
  )
}
