import {
  IconCloudOff,
  IconFile,
  IconFileMusic,
  IconFileText,
  IconFileTypePdf,
  IconFileZip,
  IconFolder,
  IconFolderSymlink,
  IconPhoto,
  IconVideo,
} from '@tabler/icons-react'
import type { Entry } from '../../api/files.ts'
import { type FileType, fileType } from '../file-type.ts'
import classes from './entry-icon.module.css'

const icons: Record<FileType, typeof IconFile> = {
  image: IconPhoto,
  video: IconVideo,
  audio: IconFileMusic,
  pdf: IconFileTypePdf,
  text: IconFileText,
  archive: IconFileZip,
  other: IconFile,
}

type Shown = Pick<Entry, 'name' | 'kind' | 'isShare' | 'isAvailable'>

export function EntryIcon({ entry, size = 20 }: { entry: Shown; size?: number }) {
  const Icon = iconOf(entry)
  return <Icon size={size} stroke={size > 24 ? 1.25 : 1.75} className={classes[entry.kind]} aria-hidden />
}

function iconOf(entry: Shown) {
  if (!entry.isAvailable) return IconCloudOff
  if (entry.isShare) return IconFolderSymlink
  return entry.kind === 'folder' ? IconFolder : icons[fileType(entry.name)]
}
