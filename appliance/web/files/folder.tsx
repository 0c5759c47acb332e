import { useHotkeys, useLocalStorage } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation, useNavigate } from 'react-router'
import { archiveAddress, contentAddress, type Entry, type Listing } from '../api/files.ts'
import { download } from '../kit/download.ts'
import { ActionBar } from './actions/action-bar.tsx'
import { actionsFor, type FileAction } from './actions/file-actions.ts'
import { FolderBar, type View } from './actions/folder-bar.tsx'
import { useChanges } from './change/use-changes.ts'
import { createDropTarget, pathsIn, useFileDrop } from './drag.ts'
import classes from './files-page.module.css'
import { FolderDialogs, type OpenDialog } from './folder-dialogs.tsx'
import { FolderEmpty } from './folder-empty.tsx'
import { FolderHead } from './folder-head.tsx'
import { EntryCards } from './list/entry-cards.tsx'
import { EntryList } from './list/entry-list.tsx'
import { type Entries, useEntries } from './list/use-entries.ts'
import { createKeys } from './list/use-keys.ts'
import { type SelectionState, useSelection } from './list/use-selection.ts'
import { joinPath, nameOf, pageOf, parentOf } from './path.ts'
import { wantedIn } from './place-link.tsx'
import { isPreviewable } from './preview/preview.tsx'
import { gatherChosen, gatherDropped } from './upload/gathered.ts'
import { useUploads } from './upload/uploads-context.tsx'

/** One folder, with everything that can be done in it. */
export function Folder({ path, listing }: { path: string; listing: Listing & { isComplete: boolean } }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const uploads = useUploads()
  const changes = useChanges()
  const entries = useEntries(listing.entries)
  const selection = useSelection(entries)
  const [view, setView] = useLocalStorage<View>({ key: 'cairn-view', defaultValue: 'list' })
  const [columns, setColumns] = useState(1)
  const [dialog, setDialog] = useState<OpenDialog>(null)
  useWanted(entries, selection)
  const gridRef = useRef<HTMLDivElement>(null)
  const findRef = useRef<HTMLInputElement>(null)
  useHotkeys([['/', () => findRef.current?.focus()]])

  const mayWrite = listing.right === 'write'
  const actions = actionsFor(selection.entries, listing.right)
  const cursorEntry = entries.named(selection.cursor)
  const paths = pathsIn(path, selection.names)

  const takeDrop = async (transfer: DataTransfer, folder: string) =>
    uploads.start(folder, await gatherDropped(transfer))
  const dropTarget = createDropTarget({
    onMove: (dragged, folder) => void changes.move(dragged, folder),
    onFiles: (transfer, folder) => void takeDrop(transfer, folder),
  })
  const drop = useFileDrop(transfer => {
    if (mayWrite) void takeDrop(transfer, path)
  })

  function open(entry: Entry) {
    if (entry.kind === 'folder') void navigate(pageOf(joinPath(path, entry.name)))
    else if (isPreviewable(entry)) setDialog({ kind: 'preview', entry })
    else download(contentAddress(joinPath(path, entry.name), { download: true }))
  }

  function act(action: FileAction) {
    if (action === 'download') download(downloadAddress(path, selection.entries))
    else if (action === 'delete') void changes.remove(path, selection.entries)
    else setDialog({ kind: action, entries: selection.entries })
  }
  const actIfPossible = (action: FileAction) => () => {
    if (actions.includes(action)) act(action)
  }

  const onKeyDown = createKeys({
    selection,
    cursorEntry,
    columns: view === 'grid' ? columns : 1,
    actions: {
      open,
      preview: entry => entry.kind === 'file' && setDialog({ kind: 'preview', entry }),
      goUp: () => path !== '/' && void navigate(pageOf(parentOf(path))),
      rename: actIfPossible('rename'),
      remove: actIfPossible('delete'),
    },
  })
  const viewProps = {
    folder: path,
    label: nameOf(path) || t('files.home'),
    entries,
    selection,
    gridRef,
    onKeyDown,
    onOpen: open,
    dropTarget,
  }

  return (
    <section className={classes.page} aria-label={viewProps.label} {...drop.handlers}>
      <FolderHead path={path} dropTarget={dropTarget} />
      <ActionBar selected={selection.names.size} actions={actions} onAction={act} onClear={selection.reset}>
        <FolderBar
          mayWrite={mayWrite}
          view={view}
          onView={setView}
          wanted={entries.wanted}
          onWanted={entries.setWanted}
          findRef={findRef}
          onLeaveFind={() => gridRef.current?.focus()}
          onChosen={files => uploads.start(path, gatherChosen(files))}
          onNewFolder={() => setDialog({ kind: 'new-folder' })}
        />
      </ActionBar>
      {entries.shown.length === 0 && listing.isComplete ? (
        <div className={classes.rest}>
          <FolderEmpty
            isSearching={entries.wanted !== ''}
            mayWrite={mayWrite}
            onNewFolder={() => setDialog({ kind: 'new-folder' })}
          />
        </div>
      ) : view === 'grid' ? (
        <EntryCards {...viewProps} onColumns={setColumns} />
      ) : (
        <EntryList {...viewProps} />
      )}
      <FolderFoot listing={listing} shown={entries.shown.length} />
      {drop.isOver && mayWrite && (
        <div className={classes.dropHint}>{t('upload.dropHere', { folder: viewProps.label })}</div>
      )}
      <FolderDialogs
        folder={path}
        right={listing.right}
        dialog={dialog}
        changes={changes}
        isTaken={name => entries.named(name) !== undefined}
        paths={paths}
        onClose={() => {
          setDialog(null)
          requestAnimationFrame(() => gridRef.current?.focus({ preventScroll: true }))
        }}
      />
    </section>
  )
}

/** Whoever comes from elsewhere to see one thing finds it selected, and in view. */
function useWanted({ named }: Entries, { only }: SelectionState) {
  const { state } = useLocation()
  const name = wantedIn(state)
  const isThere = name !== undefined && named(name) !== undefined
  const shown = useRef<string>(undefined)
  useEffect(() => {
    if (!isThere || shown.current === name) return
    shown.current = name
    only(name)
  }, [name, isThere, only])
}

function FolderFoot({ listing, shown }: { listing: Listing & { isComplete: boolean }; shown: number }) {
  const { t } = useTranslation()
  const count = listing.entries.length
  const parts = [
    shown === count ? t('files.count', { count }) : t('files.found', { shown, count }),
    ...(listing.isComplete ? [] : [t('files.arriving')]),
    ...(listing.right === 'read' ? [t('files.readOnly')] : []),
  ]
  return (
    <footer className={classes.foot} aria-live="polite">
      {parts.join(' · ')}
    </footer>
  )
}

/** One file as it is; a folder, or several things, as a zip. */
function downloadAddress(folder: string, selected: readonly Entry[]): string {
  const [first] = selected
  const isOneFile = selected.length === 1 && first?.kind === 'file'
  if (isOneFile) return contentAddress(joinPath(folder, first.name), { download: true })
  return archiveAddress(
    folder,
    selected.map(entry => entry.name),
  )
}
