import {
  IconArrowBackUp,
  IconArrowRight,
  IconClock,
  IconCopy,
  IconDots,
  IconFilePlus,
  IconFolderPlus,
  IconPencil,
  IconTextCaption,
  IconTrash,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import type { Activity } from '../api/journal.ts'
import { nameOf, parentOf } from '../files/path.ts'
import { PlaceLink } from '../files/place-link.tsx'
import { formatExact } from '../kit/format/ago.ts'
import { formatBytes } from '../kit/format/bytes.ts'
import { formatClock } from '../kit/format/day.ts'
import classes from './activity-list.module.css'
import { isRename, sourceOf, subjectOf } from './place.ts'
import { useDeviceWords } from './words.ts'

const icons: Record<Activity['what'], typeof IconDots> = {
  create: IconFilePlus,
  write: IconPencil,
  'make-folder': IconFolderPlus,
  move: IconArrowRight,
  copy: IconCopy,
  delete: IconTrash,
  restore: IconArrowBackUp,
  touch: IconClock,
  other: IconDots,
}

interface Props {
  activity: Activity
  /** In a drawer, where it is known what the changes are about. */
  isShort: boolean
}

/** One change as a sentence, with the way it came beneath. */
export function ActivityRow({ activity, isShort }: Props) {
  const { i18n } = useTranslation()
  const date = new Date(activity.at)
  const Icon = isRename(activity) ? IconTextCaption : icons[activity.what]
  return (
    <li className={classes.row} data-short={isShort || undefined}>
      <Icon size={20} stroke={1.75} className={classes.icon} aria-hidden />
      <span className={classes.sentence}>
        <Sentence activity={activity} />
      </span>
      <time
        dateTime={activity.at}
        title={formatExact(date, i18n.language)}
        className={`tabular ${classes.time}`}
      >
        {formatClock(date, i18n.language)}
      </time>
      <span className={classes.detail}>
        <Detail activity={activity} isShort={isShort} />
      </span>
    </li>
  )
}

/** Names stand in components of their own: a file may be called `<b>`, which a catalogue would take for markup. */
function Sentence({ activity }: { activity: Activity }) {
  const { t } = useTranslation()
  const { name, path } = subjectOf(activity)
  const what = isRename(activity) ? 'rename' : activity.what
  const source = sourceOf(activity)
  const nobody = t(`activity.nobody.${activity.face === 'box' ? 'box' : 'person'}`)
  const shown = name ?? t(`activity.unseen.${activity.kind ?? 'file'}`)
  const isThere = path !== undefined && what !== 'delete'
  return (
    <Trans
      i18nKey={`activity.did.${what}`}
      components={{
        who: <Named text={activity.actor ?? nobody} />,
        from: <Named text={source === undefined ? t('activity.elsewhere') : nameOf(source)} />,
        thing: isThere ? <Thing path={path} kind={activity.kind} text={shown} /> : <Named text={shown} />,
      }}
    />
  )
}

function Named({ text }: { text: string }) {
  return <strong className={classes.name}>{text}</strong>
}

function Thing({ path, kind, text }: { path: string; kind: Activity['kind']; text: string }) {
  return (
    <PlaceLink path={path} kind={kind}>
      {text}
    </PlaceLink>
  )
}

function Detail({ activity, isShort }: Props) {
  const { t } = useTranslation()
  const device = useDeviceWords()(activity)
  const { folder } = subjectOf(activity)
  const source = sourceOf(activity)
  const parts: ReactNode[] = []
  if (activity.what === 'move' && !isRename(activity) && source !== undefined)
    parts.push(t('activity.fromTo', { from: placeName(parentOf(source)), to: placeName(folder) }))
  else if (!isShort && folder !== undefined)
    parts.push(
      subjectOf(activity).path === undefined ? (
        placeName(folder)
      ) : (
        <PlaceLink path={folder} kind="folder">
          {placeName(folder)}
        </PlaceLink>
      ),
    )
  parts.push(device)
  if (activity.size !== null && activity.kind === 'file') parts.push(formatBytes(activity.size))
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one line, which never change their order
    <span key={index}>
      {index > 0 && ' · '}
      {part}
    </span>
  ))

  function placeName(place: string | undefined): string {
    return place === undefined || place === '/' ? t('files.home') : place
  }
}
