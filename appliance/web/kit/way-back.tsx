import { Anchor } from '@mantine/core'
import { Link } from 'react-router'
import classes from './sheet.module.css'

/** From one thing to the list it is in. */
export function WayBack({ to, label }: { to: string; label: string }) {
  return (
    <Anchor component={Link} to={to} className={classes.wayBack ?? ''}>
      {label}
    </Anchor>
  )
}
