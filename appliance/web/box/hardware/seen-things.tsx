import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { TuningReport } from '../../api/tuning.ts'
import { FoldedPart } from '../../kit/folded-part.tsx'
import { Row, Rows } from '../../kit/rows.tsx'

/** What only trying on this very board can prove. */
export function SeenThings({ seen }: { seen: TuningReport['seen'] }) {
  const { t } = useTranslation()
  if (seen.length === 0) return null
  return (
    <FoldedPart title={t('hardware.seen', { count: seen.length })} order={2}>
      <Text c="dimmed" className="prose">
        {t('hardware.seenHint')}
      </Text>
      <Rows label={t('hardware.seenLabel')}>
        {seen.map(({ name, seen: fact, wouldTry }) => (
          <Row key={name} title={fact} detail={t('hardware.wouldTry', { what: wouldTry })} />
        ))}
      </Rows>
    </FoldedPart>
  )
}
