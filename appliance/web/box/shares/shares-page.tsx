import { Button } from '@mantine/core'
import { IconFolderSymlink, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Share, sharesQuery } from '../../api/shares.ts'
import { poolsQuery } from '../../api/storage.ts'
import { Answer } from '../../kit/answer.tsx'
import { EmptyPlace } from '../../kit/empty-place.tsx'
import { Row, Rows } from '../../kit/rows.tsx'
import { Part, Sheet } from '../../kit/sheet.tsx'
import { StateWord } from '../../kit/state-word.tsx'
import { BoxTabs } from '../box-tabs.tsx'
import { CreateShareDialog } from './create-share-dialog.tsx'

/** Everything that is shared, and with how many. */
export function SharesPage() {
  const { t } = useTranslation()
  const shares = useQuery(sharesQuery)
  const pools = useQuery(poolsQuery)
  const [isCreating, setCreating] = useState(false)
  const hasPool = (pools.data?.length ?? 0) > 0
  const createButton = (
    <Button
      leftSection={<IconPlus size={20} aria-hidden />}
      disabled={!hasPool}
      onClick={() => setCreating(true)}
    >
      {t('share.create')}
    </Button>
  )
  return (
    <Sheet title={t('box.title')}>
      <BoxTabs />
      <Part title={t('box.shares')} action={(shares.data?.length ?? 0) > 0 && createButton}>
        <Answer query={shares} height={56}>
          {found =>
            found.length === 0 ? (
              <EmptyPlace
                icon={<IconFolderSymlink size={40} stroke={1.25} />}
                text={hasPool ? t('share.empty') : t('share.emptyNoPool')}
              >
                {createButton}
              </EmptyPlace>
            ) : (
              <Rows label={t('box.shares')}>
                {found.map(share => (
                  <ShareRow key={share.name} share={share} />
                ))}
              </Rows>
            )
          }
        </Answer>
      </Part>
      {isCreating && <CreateShareDialog pools={pools.data ?? []} onClose={() => setCreating(false)} />}
    </Sheet>
  )
}

function ShareRow({ share }: { share: Share }) {
  const { t } = useTranslation()
  const granted = [...Object.values(share.users ?? {}), ...Object.values(share.groups ?? {})].filter(
    right => right !== 'none',
  )
  const words = [t(`share.everyone.${share.everyone ?? 'none'}`), t('share.onPool', { pool: share.pool })]
  if (granted.length > 0) words.splice(1, 0, t('share.granted', { count: granted.length }))
  return (
    <Row
      icon={<IconFolderSymlink size={20} />}
      title={share.name}
      detail={words.join(' · ')}
      to={`/shares/${encodeURIComponent(share.name)}`}
    >
      {!share.isAvailable && <StateWord kind="danger" word={t('share.away')} />}
    </Row>
  )
}
