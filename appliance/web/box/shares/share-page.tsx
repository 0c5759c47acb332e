import { Button, Text } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { type Share, sharesQuery } from '../../api/shares.ts'
import { AddressLines } from '../../kit/address-lines.tsx'
import { Answer } from '../../kit/answer.tsx'
import { Notice } from '../../kit/notice.tsx'
import { Card, Part, Sheet } from '../../kit/sheet.tsx'
import { WayBack } from '../../kit/way-back.tsx'
import { NfsEditor } from '../../nfs/nfs-editor.tsx'
import { DeleteShareDialog } from './delete-share-dialog.tsx'
import { GrantsEditor } from './grants-editor.tsx'

/** One share: who may use it, how to reach it, its history, its end. */
export function SharePage() {
  const { t } = useTranslation()
  const { share: name = '' } = useParams()
  const shares = useQuery(sharesQuery)
  return (
    <Sheet title={name} lead={<WayBack to="/shares" label={t('share.all')} />}>
      <Answer query={shares}>
        {found => {
          const share = found.find(one => one.name === name)
          return share ? (
            <ShareParts key={share.name} share={share} />
          ) : (
            <Text>{t('share.gone', { name })}</Text>
          )
        }}
      </Answer>
    </Sheet>
  )
}

function ShareParts({ share }: { share: Share }) {
  const { t } = useTranslation()
  const [isDeleting, setDeleting] = useState(false)
  return (
    <>
      {!share.isAvailable && (
        <Notice kind="danger" title={t('share.awayTitle', { pool: share.pool })}>
          {t('share.awayText')}
        </Notice>
      )}
      <Part title={t('share.who')}>
        <GrantsEditor share={share} />
      </Part>
      <Part title={t('addresses.title')}>
        <Card>
          <AddressLines addresses={share.addresses} />
        </Card>
      </Part>
      <Part title={t('nfs.title')}>
        <Text c="dimmed" className="prose">
          {t('nfs.lead')}
        </Text>
        <Card>
          <NfsEditor place={{ kind: 'shares', name: share.name }} />
        </Card>
      </Part>
      <Part
        title={t('history.title')}
        action={
          <Button
            component={Link}
            to={`/history/${encodeURIComponent(share.name)}`}
            variant="default"
            leftSection={<IconHistory size={20} aria-hidden />}
          >
            {t('share.openHistory')}
          </Button>
        }
      >
        <Text c="dimmed" className="prose">
          {t('history.lead')}
        </Text>
      </Part>
      <Part
        title={t('share.delete')}
        action={
          <Button color="red" variant="outline" onClick={() => setDeleting(true)}>
            {t('share.delete')}
          </Button>
        }
      >
        <Text c="dimmed" className="prose">
          {t('share.deleteHint')}
        </Text>
      </Part>
      {isDeleting && <DeleteShareDialog name={share.name} onClose={() => setDeleting(false)} />}
    </>
  )
}
