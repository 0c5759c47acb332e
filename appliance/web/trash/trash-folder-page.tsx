import { Button, Text } from '@mantine/core'
import { IconArrowBackUp } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import type { Entry } from '../api/files.ts'
import { type TrashItem, trashContentAddress, trashFolderQuery } from '../api/trash.ts'
import { Breadcrumb } from '../files/breadcrumb.tsx'
import { byName, sortEntries } from '../files/list/order.ts'
import { joinPath, parentOf } from '../files/path.ts'
import { PastEntry } from '../history/past-entry.tsx'
import { Answer } from '../kit/answer.tsx'
import { When } from '../kit/format/when.tsx'
import { Rows } from '../kit/rows.tsx'
import { Sheet } from '../kit/sheet.tsx'
import { WayBack } from '../kit/way-back.tsx'
import { useRestoring } from './use-restoring.tsx'

/** A deleted folder: to look around in, and to take single things back from. */
export function TrashFolderPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const id = search.get('id') ?? ''
  const path = search.get('path') ?? '/'
  const folder = useQuery(trashFolderQuery(id, path))
  const restoring = useRestoring(items => {
    const isAll = items.some(one => one.path === undefined)
    if (isAll) void navigate('/trash')
  })
  const item = folder.data?.item
  return (
    <Sheet title={item?.name ?? t('trash.folder')} lead={<WayBack to="/trash" label={t('trash.back')} />}>
      <div>
        {item && <About item={item} />}
        <Breadcrumb
          path={path}
          top={item?.name ?? t('trash.folder')}
          onOpen={to => setSearch({ id, path: to })}
        />
        <Answer query={folder} rows={8} height={56}>
          {found =>
            found.entries.length === 0 ? (
              <Text c="dimmed" p={16}>
                {t('trash.emptyFolder')}
              </Text>
            ) : (
              <Rows label={found.item.name}>
                {sortEntries(found.entries, byName).map(entry => (
                  <PastEntry
                    key={entry.name}
                    entry={entry}
                    to={`?${new URLSearchParams({ id, path: joinPath(path, entry.name) })}`}
                    content={trashContentAddress(id, inside(entry))}
                    {...(found.item.canRestore
                      ? {
                          onRestore: () => restoring.restore([{ id, path: inside(entry), name: entry.name }]),
                        }
                      : {})}
                    isRestorable
                  />
                ))}
              </Rows>
            )
          }
        </Answer>
      </div>
      {item?.canRestore && (
        <div>
          <Button
            leftSection={<IconArrowBackUp size={20} aria-hidden />}
            loading={restoring.isBusy}
            onClick={() => restoring.restore([{ id, name: item.name }])}
          >
            {t('trash.restoreAll')}
          </Button>
        </div>
      )}
      {restoring.dialog}
    </Sheet>
  )

  function inside(entry: Entry): string {
    return joinPath(path, entry.name).slice(1)
  }
}

function About({ item }: { item: TrashItem }) {
  const { t } = useTranslation()
  const folder = parentOf(item.path)
  const who =
    item.deletedBy === ''
      ? t(`trash.why.${item.why}`)
      : t(`trash.whyBy.${item.why}`, { name: item.deletedBy })
  return (
    <Text className="unbroken" c="dimmed" mt={-16} mb={8}>
      {t('trash.from', { place: folder === '/' ? t('files.home') : folder })} · {who} ·{' '}
      <When at={item.deletedAt} />
    </Text>
  )
}
