import { ActionIcon, Button, Checkbox, Menu, Tooltip } from '@mantine/core'
import { IconArrowBackUp, IconDots, IconDownload, IconEye, IconTrashX, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { type TrashItem, trashContentAddress } from '../api/trash.ts'
import { EntryIcon } from '../files/list/entry-icon.tsx'
import { parentOf } from '../files/path.ts'
import { isPreviewable } from '../files/preview/preview.tsx'
import { formatBytes } from '../kit/format/bytes.ts'
import { When } from '../kit/format/when.tsx'
import classes from './trash-list.module.css'

interface Props {
  items: readonly TrashItem[]
  isBusy: boolean
  onRestore: (items: TrashItem[]) => void
  onDelete: (items: TrashItem[]) => void
  onPreview: (item: TrashItem) => void
}

/** Deleted things under each other, of which several can be chosen. */
export function TrashList(props: Props) {
  const { t } = useTranslation()
  const { items, isBusy, onRestore, onDelete } = props
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const choosable = items.filter(item => item.canRestore)
  const chosen = choosable.filter(item => ids.has(item.id))
  const choose = (id: string, isChosen: boolean) => {
    const changed = new Set(ids)
    if (isChosen) changed.add(id)
    else changed.delete(id)
    setIds(changed)
  }
  const clear = () => setIds(new Set())
  return (
    <div className={classes.list}>
      {choosable.length > 0 && (
        <div className={classes.bar} data-selected={chosen.length > 0 || undefined}>
          <Checkbox
            classNames={{ root: classes.check ?? '', body: classes.checkBody ?? '' }}
            aria-label={t('trash.selectAll')}
            checked={chosen.length === choosable.length}
            indeterminate={chosen.length > 0 && chosen.length < choosable.length}
            onChange={event =>
              setIds(new Set(event.currentTarget.checked ? choosable.map(item => item.id) : []))
            }
          />
          <span role="status" className={classes.count}>
            {chosen.length > 0 ? t('files.selected', { count: chosen.length }) : t('trash.selectAll')}
          </span>
          {chosen.length > 0 && (
            <>
              <Button
                variant="subtle"
                px={8}
                disabled={isBusy}
                leftSection={<IconArrowBackUp size={20} aria-hidden />}
                onClick={() => {
                  onRestore(chosen)
                  clear()
                }}
              >
                {t('trash.restore')}
              </Button>
              <Tooltip label={t('trash.delete')}>
                <ActionIcon aria-label={t('trash.delete')} onClick={() => onDelete(chosen)}>
                  <IconTrashX size={20} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label={t('files.clear')}>
                <ActionIcon aria-label={t('files.clear')} onClick={clear}>
                  <IconX size={20} />
                </ActionIcon>
              </Tooltip>
            </>
          )}
        </div>
      )}
      <ul className={classes.rows} aria-label={t('trash.title')}>
        {items.map(item => (
          <TrashRow
            key={item.id}
            {...props}
            item={item}
            isChosen={item.canRestore && ids.has(item.id)}
            onChoose={isChosen => choose(item.id, isChosen)}
          />
        ))}
      </ul>
    </div>
  )
}

interface RowProps extends Props {
  item: TrashItem
  isChosen: boolean
  onChoose: (isChosen: boolean) => void
}

function TrashRow(props: RowProps) {
  const { t } = useTranslation()
  const { item, isChosen, isBusy, onChoose, onRestore } = props
  const { name, canRestore } = item
  return (
    <li className={classes.row} data-selected={isChosen || undefined}>
      {canRestore ? (
        <Checkbox
          classNames={{ root: classes.check ?? '', body: classes.checkBody ?? '' }}
          aria-label={t('files.selectOne', { name })}
          checked={isChosen}
          onChange={event => onChoose(event.currentTarget.checked)}
        />
      ) : (
        <span className={classes.check} />
      )}
      <span className={classes.icon}>
        <EntryIcon entry={{ ...item, isShare: false, isAvailable: true }} />
      </span>
      <span className={classes.words}>
        <TrashName {...props} />
        <span className={classes.detail}>
          <Detail item={item} />
        </span>
      </span>
      <span className={classes.size}>{item.size !== null && formatBytes(item.size)}</span>
      <span className={classes.actions}>
        {canRestore && (
          <Tooltip label={t('trash.restore')}>
            <ActionIcon
              aria-label={t('trash.restoreOne', { name })}
              disabled={isBusy}
              onClick={() => onRestore([item])}
            >
              <IconArrowBackUp size={20} />
            </ActionIcon>
          </Tooltip>
        )}
        <TrashMenu {...props} />
      </span>
    </li>
  )
}

function TrashName({ item, onPreview }: RowProps) {
  if (item.kind === 'folder') {
    return (
      <Link className={classes.name} to={`/trash/in?id=${encodeURIComponent(item.id)}`}>
        {item.name}
      </Link>
    )
  }
  if (!isPreviewable(item)) return <span className={classes.name}>{item.name}</span>
  return (
    <button type="button" className={classes.name} onClick={() => onPreview(item)}>
      {item.name}
    </button>
  )
}

function Detail({ item }: { item: TrashItem }) {
  const { t } = useTranslation()
  const folder = parentOf(item.path)
  const place = t('trash.from', { place: folder === '/' ? t('files.home') : folder })
  const who =
    item.deletedBy === ''
      ? t(`trash.why.${item.why}`)
      : t(`trash.whyBy.${item.why}`, { name: item.deletedBy })
  return (
    <>
      {place} · {who} · <When at={item.deletedAt} />
      {item.size !== null && <span className={classes.sizeInline}> · {formatBytes(item.size)}</span>}
    </>
  )
}

function TrashMenu({ item, isBusy, onRestore, onDelete, onPreview }: RowProps) {
  const { t } = useTranslation()
  const isFile = item.kind === 'file'
  if (!isFile && !item.canRestore) return null
  return (
    <Menu position="bottom-end" transitionProps={{ duration: 120 }}>
      <Menu.Target>
        <ActionIcon aria-label={t('trash.moreOf', { name: item.name })}>
          <IconDots size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {item.canRestore && (
          <Menu.Item
            disabled={isBusy}
            leftSection={<IconArrowBackUp size={20} aria-hidden />}
            onClick={() => onRestore([item])}
          >
            {t('trash.restore')}
          </Menu.Item>
        )}
        {isFile && isPreviewable(item) && (
          <Menu.Item leftSection={<IconEye size={20} aria-hidden />} onClick={() => onPreview(item)}>
            {t('versions.preview')}
          </Menu.Item>
        )}
        {isFile && (
          <Menu.Item
            component="a"
            href={trashContentAddress(item.id)}
            leftSection={<IconDownload size={20} aria-hidden />}
          >
            {t('files.download')}
          </Menu.Item>
        )}
        {item.canRestore && (
          <Menu.Item
            c="var(--cairn-danger)"
            leftSection={<IconTrashX size={20} aria-hidden />}
            onClick={() => onDelete([item])}
          >
            {t('trash.delete')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
