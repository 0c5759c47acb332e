import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'react-router'
import { folderQuery } from '../api/files.ts'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Skeletons } from '../kit/skeletons.tsx'
import { useTitle } from '../kit/use-title.ts'
import classes from './files-page.module.css'
import { Folder } from './folder.tsx'
import { FolderHead } from './folder-head.tsx'
import { nameOf, pathOfPage } from './path.ts'

/** The first page: a folder of the person's tree. */
export function FilesPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const path = pathOfPage(useLocation().pathname)
  const listing = useQuery(folderQuery(client, path))
  useTitle(nameOf(path) || t('files.home'))
  if (listing.data && !listing.error) return <Folder key={path} path={path} listing={listing.data} />
  return (
    <div className={classes.page}>
      <FolderHead path={path} />
      <div className={classes.message}>
        {listing.error ? (
          <ErrorPanel error={listing.error} onRetry={() => void listing.refetch()} />
        ) : (
          <Skeletons rows={12} />
        )}
      </div>
    </div>
  )
}
