import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useState, useSyncExternalStore } from 'react'
import { folderKey, type Listing, makeFolder } from '../../api/files.ts'
import { nameOf, parentOf } from '../path.ts'
import { ConflictDialog } from './conflict-dialog.tsx'
import { createUploads, type Uploads } from './uploads.ts'

const Context = createContext<Uploads | null>(null)

export function UploadsProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [uploads] = useState(() =>
    createUploads({
      makeFolder,
      isTaken: path => {
        const listing = client.getQueryData<Listing>(folderKey(parentOf(path)))
        return listing?.entries.some(entry => entry.name === nameOf(path)) ?? false
      },
      onFolderChanged: folder => void client.invalidateQueries({ queryKey: folderKey(folder) }),
    }),
  )
  return (
    <Context value={uploads}>
      {children}
      <Guard uploads={uploads} />
    </Context>
  )
}

export function useUploads(): Uploads {
  const uploads = use(Context)
  if (!uploads) throw new Error('There is no UploadsProvider around this.')
  return uploads
}

export function useUploadsState(uploads: Uploads) {
  return useSyncExternalStore(uploads.subscribe, uploads.state)
}

/** Asks about taken names, and before the page is closed while something is on its way. */
function Guard({ uploads }: { uploads: Uploads }) {
  const { batches, question } = useUploadsState(uploads)
  const isBusy = batches.some(batch => batch.state === 'running')
  useEffect(() => {
    if (!isBusy) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [isBusy])
  return question ? <ConflictDialog key={question.path} question={question} /> : null
}
