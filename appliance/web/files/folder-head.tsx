import { useTranslation } from 'react-i18next'
import { Breadcrumb } from './breadcrumb.tsx'
import type { DropTarget } from './drag.ts'
import classes from './folder-head.module.css'
import { nameOf } from './path.ts'

export function FolderHead({ path, dropTarget }: { path: string; dropTarget?: DropTarget }) {
  const { t } = useTranslation()
  return (
    <header className={classes.head}>
      <h1 className="only-read-aloud">{nameOf(path) || t('files.home')}</h1>
      <Breadcrumb path={path} {...(dropTarget ? { dropTarget } : {})} />
    </header>
  )
}
