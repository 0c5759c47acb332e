import { Button, Select } from '@mantine/core'
import { IconTrash, IconTrashX } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { sharesQuery } from '../api/shares.ts'
import { historyUsageQuery, type TrashItem, trashContentAddress, trashQuery } from '../api/trash.ts'
import { Preview } from '../files/preview/preview.tsx'
import { readOn } from '../kit/api/gathering.ts'
import { EmptyPlace } from '../kit/empty-place.tsx'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Sheet } from '../kit/sheet.tsx'
import { Skeletons } from '../kit/skeletons.tsx'
import { DeleteForGoodDialog } from './delete-for-good-dialog.tsx'
import { EmptyTrashDialog } from './empty-trash-dialog.tsx'
import { TrashList } from './trash-list.tsx'
import { TrashUsage } from './trash-usage.tsx'
import { useCountedSizes } from './use-counted-sizes.ts'
import { useRestoring } from './use-restoring.tsx'

type Open =
  | { kind: 'delete'; items: TrashItem[] }
  | { kind: 'preview'; item: TrashItem }
  | { kind: 'empty' }
  | null

/** What was deleted, in the home and in all shares, the newest first. */
export function TrashPage() {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const place = search.get('place') ?? undefined
  const trash = useInfiniteQuery(trashQuery(place))
  const usage = useQuery(historyUsageQuery)
  const shares = useQuery(sharesQuery)
  const [open, setOpen] = useState<Open>(null)
  const restoring = useRestoring()
  const items = trash.data?.pages.flatMap(page => page.items) ?? []
  useCountedSizes(items, usage)
  const close = () => setOpen(null)
  const mayEmpty = (name: string | null) =>
    name === null || shares.data?.find(share => share.name === name)?.right === 'write'
  const emptied = (usage.data?.volumes ?? []).filter(
    ({ share, path, trashItems }) => trashItems > 0 && mayEmpty(share) && (!place || place === path),
  )
  return (
    <Sheet
      title={t('trash.title')}
      lead={
        items.length > 0 &&
        emptied.length > 0 && (
          <Button
            variant="default"
            leftSection={<IconTrashX size={20} aria-hidden />}
            onClick={() => setOpen({ kind: 'empty' })}
          >
            {t('trash.empty')}
          </Button>
        )
      }
    >
      <TrashUsage usage={usage.data} place={place} />
      {(usage.data?.volumes.length ?? 0) > 1 && (
        <Select
          label={t('trash.place')}
          maw={320}
          allowDeselect={false}
          data={[
            { value: '', label: t('trash.everywhere') },
            ...(usage.data?.volumes ?? []).map(({ path, share }) => ({
              value: path,
              label: share ?? t('trash.home'),
            })),
          ]}
          value={place ?? ''}
          onChange={value => setSearch(value ? { place: value } : {})}
        />
      )}
      {trash.error && !trash.data ? (
        <ErrorPanel error={trash.error} onRetry={() => void trash.refetch()} />
      ) : !trash.data ? (
        <Skeletons rows={6} height={64} />
      ) : items.length === 0 ? (
        <EmptyPlace icon={<IconTrash size={40} stroke={1.25} />} text={t('trash.nothing')} />
      ) : (
        <TrashList
          key={place}
          items={items}
          isBusy={restoring.isBusy}
          onRestore={chosen => restoring.restore(chosen.map(item => ({ id: item.id, name: item.name })))}
          onDelete={chosen => setOpen({ kind: 'delete', items: chosen })}
          onPreview={item => setOpen({ kind: 'preview', item })}
        />
      )}
      {trash.hasNextPage && (
        <Button
          variant="default"
          loading={trash.isFetchingNextPage}
          onClick={() => void readOn(trash, 'next')}
        >
          {t('showMore')}
        </Button>
      )}
      {trash.isFetchNextPageError && <ErrorPanel error={trash.error} />}
      {restoring.dialog}
      {open?.kind === 'delete' && (
        <DeleteForGoodDialog
          things={open.items.map(({ id, name, kind, size }) => ({ id, name, kind, size }))}
          onClose={close}
        />
      )}
      {open?.kind === 'empty' && <EmptyTrashDialog place={place} volumes={emptied} onClose={close} />}
      {open?.kind === 'preview' && (
        <Preview
          entry={open.item}
          address={trashContentAddress(open.item.id)}
          download={trashContentAddress(open.item.id)}
          onClose={close}
        />
      )}
    </Sheet>
  )
}
