import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams, useSearchParams } from 'react-router'
import type { Entry } from '../api/files.ts'
import { snapshotContentAddress, snapshotFolderQuery, snapshotsQuery } from '../api/shares.ts'
import { Breadcrumb } from '../files/breadcrumb.tsx'
import { byName, sortEntries } from '../files/list/order.ts'
import { joinPath } from '../files/path.ts'
import { Answer } from '../kit/answer.tsx'
import { When } from '../kit/format/when.tsx'
import { Rows } from '../kit/rows.tsx'
import { Sheet } from '../kit/sheet.tsx'
import { WayBack } from '../kit/way-back.tsx'
import { PastEntry } from './past-entry.tsx'
import { RestoreOneDialog } from './restore-one-dialog.tsx'

/** A share as it was: to look around in, and to take single things back from. */
export function SnapshotPage() {
  const { t } = useTranslation()
  const { share = '', snapshot: id = '' } = useParams()
  const [search, setSearch] = useSearchParams()
  const path = search.get('path') ?? '/'
  const snapshots = useQuery(snapshotsQuery(share))
  const entries = useQuery(snapshotFolderQuery(share, id, path))
  const [restored, setRestored] = useState<Entry | null>(null)
  const snapshot = snapshots.data?.find(one => one.id === id)
  const way = `/history/${encodeURIComponent(share)}`
  return (
    <Sheet title={t('history.of', { share })} lead={<WayBack to={way} label={t('snapshot.back')} />}>
      <div>
        {snapshot && (
          <Text>
            <When at={snapshot.createdAt} /> {snapshot.label && `· ${snapshot.label}`}
          </Text>
        )}
        <Breadcrumb path={path} onOpen={to => setSearch({ path: to })} />
        <Answer query={entries} rows={8} height={56}>
          {found =>
            found.length === 0 ? (
              <Text c="dimmed" p={16}>
                {t('snapshot.emptyFolder')}
              </Text>
            ) : (
              <Rows label={t('history.of', { share })}>
                {sortEntries(found, byName).map(entry => (
                  <PastEntry
                    key={entry.name}
                    entry={entry}
                    to={`?path=${encodeURIComponent(joinPath(path, entry.name))}`}
                    content={snapshotContentAddress(share, id, joinPath(path, entry.name))}
                    onRestore={() => setRestored(entry)}
                  />
                ))}
              </Rows>
            )
          }
        </Answer>
      </div>
      {restored && (
        <RestoreOneDialog
          share={share}
          id={id}
          path={joinPath(path, restored.name)}
          entry={restored}
          onClose={() => setRestored(null)}
        />
      )}
    </Sheet>
  )
}
