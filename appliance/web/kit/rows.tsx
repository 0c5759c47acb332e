import type { ReactNode } from 'react'
import { Link } from 'react-router'
import classes from './rows.module.css'

/** Things under each other, one line between them. */
export function Rows({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <ul className={classes.rows} aria-label={label}>
      {children}
    </ul>
  )
}

interface RowProps {
  icon?: ReactNode
  title: ReactNode
  detail?: ReactNode
  /** Where the row leads; else `onOpen`; else it is only read. */
  to?: string
  onOpen?: () => void
  children?: ReactNode
}

export function Row({ icon, title, detail, to, onOpen, children }: RowProps) {
  const words = (
    <>
      {icon && (
        <span className={classes.icon} aria-hidden>
          {icon}
        </span>
      )}
      <span className={classes.words}>
        <span className={classes.title}>{title}</span>
        {detail && <span className={classes.detail}>{detail}</span>}
      </span>
    </>
  )
  return (
    <li className={classes.row}>
      {to !== undefined ? (
        <Link to={to} className={classes.open ?? ''}>
          {words}
        </Link>
      ) : onOpen ? (
        <button type="button" className={classes.open} onClick={onOpen}>
          {words}
        </button>
      ) : (
        <div className={classes.read}>{words}</div>
      )}
      {children && <span className={classes.aside}>{children}</span>}
    </li>
  )
}
