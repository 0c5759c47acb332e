import { IconChevronRight } from '@tabler/icons-react'
import type { DragEventHandler, MouseEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import classes from './breadcrumb.module.css'
import { namesIn, pageOf } from './path.ts'

interface Props {
  path: string
  /** What the top is called. */
  top?: string
  /** Instead of going to the page. */
  onOpen?: (path: string) => void
  /** What may be dropped on a folder of the way. */
  dropTarget?: (path: string) => Record<string, DragEventHandler | undefined>
}

/** The way from the top to here; each folder of it leads there. */
export function Breadcrumb({ path, top, onOpen, dropTarget }: Props) {
  const { t } = useTranslation()
  const names = namesIn(path)
  const steps = [top ?? t('files.home'), ...names].map((name, depth) => ({
    name,
    path: `/${names.slice(0, depth).join('/')}`,
  }))
  const open = (to: string) => (event: MouseEvent) => {
    if (!onOpen) return
    event.preventDefault()
    onOpen(to)
  }
  return (
    <nav aria-label={t('files.way')} className={classes.way}>
      <ol>
        {steps.map((step, depth) => (
          <li key={step.path}>
            {depth > 0 && <IconChevronRight size={16} aria-hidden />}
            <Link
              to={pageOf(step.path)}
              onClick={open(step.path)}
              aria-current={depth === steps.length - 1 ? 'location' : undefined}
              title={step.name}
              {...dropTarget?.(step.path)}
            >
              {step.name}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  )
}
