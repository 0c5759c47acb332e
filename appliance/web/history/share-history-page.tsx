import { Button } from '@mantine/core'
import { IconCamera } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { type Snapshot, snapshotsQuery } from '../api/shares.ts'
import { Answer } from '../kit/answer.tsx'
import { EmptyPlace } from '../kit/empty-place.tsx'
import { When } from '../kit/format/when.tsx'
import { Row, Rows } from '../kit/rows.tsx'
import { Part, Sheet } from '../kit/sheet.tsx'
import { WayBack } from '../kit/way-back.tsx'
import { CreateSnapshotDialog } from './create-snapshot-dialog.tsx'
import { DeleteSnapshotDialog } from './delete-snapshot-dialog.tsx'
import { RestoreAllDialog } from './restore-all-dialog.tsx'

type Open = { kind: 'create' } | { kind: 'restore' | 'delete'; snapshot: Snapshot } | null

/** The snapshots of a share, the newest first. */
export function ShareHistoryPage({ isAdmin }: { isAdmin: boolean }) {
  const { t } = useTranslation()
  const { share = '' } = useParams()
  const snapshots = useQuery(snapshotsQuery(share))
  const [open, setOpen] = useState<Open>(null)
  const createButton = isAdmin && (
    <Button leftSection={<IconCamera size={20} aria-hidden />} onClick={() => setOpen({ kind: 'create' })}>
      {t('snapshot.create')}
    </Button>
  )
  return (
    <Sheet title={t('history.of', { share })} lead={<WayBack to="/history" label={t('history.all')} />}>
      <Part title={t('snapshot.all')} action={(snapshots.data?.length ?? 0) > 0 && createButton}>
        <Answer query={snapshots} height={56}>
          {found =>
            found.length === 0 ? (
              <EmptyPlace icon={<IconCamera size={40} stroke={1.25} />} text={t('snapshot.empty')}>
                {createButton}
              </EmptyPlace>
            ) : (
              <Rows label={t('snapshot.all')}>
                {newestFirst(found).map(snapshot => (
                  <SnapshotRow
                    key={snapshot.id}
                    share={share}
                    snapshot={snapshot}
                    isAdmin={isAdmin}
                    onOpen={setOpen}
                  />
                ))}
              </Rows>
            )
          }
        </Answer>
      </Part>
      {open?.kind === 'create' && <CreateSnapshotDialog share={share} onClose={() => setOpen(null)} />}
      {open?.kind === 'restore' && (
        <RestoreAllDialog share={share} snapshot={open.snapshot} onClose={() => setOpen(null)} />
      )}
      {open?.kind === 'delete' && (
        <DeleteSnapshotDialog share={share} snapshot={open.snapshot} onClose={() => setOpen(null)} />
      )}
    </Sheet>
  )
}

interface RowProps {
  share: string
  snapshot: Snapshot
  isAdmin: boolean
  onOpen: (open: Open) => void
}

function SnapshotRow({ share, snapshot, isAdmin, onOpen }: RowProps) {
  const { t } = useTranslation()
  return (
    <Row
      icon={<IconCamera size={20} />}
      title={<When at={snapshot.createdAt} />}
      detail={snapshot.label ?? t('snapshot.noLabel')}
      to={`/history/${encodeURIComponent(share)}/${encodeURIComponent(snapshot.id)}`}
    >
      {isAdmin && (
        <>
          <Button variant="subtle" onClick={() => onOpen({ kind: 'restore', snapshot })}>
            {t('snapshot.restoreAll')}
          </Button>
          <Button variant="subtle" color="red" onClick={() => onOpen({ kind: 'delete', snapshot })}>
            {t('snapshot.delete')}
          </Button>
        </>
      )}
    </Row>
  )
}

function newestFirst(snapshots: readonly Snapshot[]): Snapshot[] {
  return snapshots.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
}
