import { Title } from '@mantine/core'
import type { Bar } from './bar.ts'
import classes from './bars.module.css'

/** Figures under each other as bars of one scale. The words say all that the bars show, so the bars are only looked at. */
export function Bars({ title, hint, bars }: { title: string; hint: string; bars: readonly Bar[] }) {
  const most = Math.max(...bars.map(bar => bar.value), Number.MIN_VALUE)
  return (
    <section className={classes.chart} aria-label={title}>
      <Title order={3} size="h5">
        {title}
      </Title>
      <p className={classes.hint}>{hint}</p>
      <ul className={classes.bars}>
        {bars.map(bar => (
          <li key={bar.label} className={classes.bar} data-marked={bar.isMarked || undefined}>
            <span className={classes.label}>{bar.label}</span>
            <span className={classes.value}>{bar.words}</span>
            <span className={classes.track} aria-hidden>
              <span className={classes.length} style={{ width: `${(bar.value / most) * 100}%` }} />
            </span>
            {bar.note && <span className={classes.note}>{bar.note}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
