export type FileType = 'image' | 'video' | 'audio' | 'pdf' | 'text' | 'archive' | 'other'

const extensions: Record<Exclude<FileType, 'other'>, string> = {
  image: 'png jpg jpeg gif webp avif bmp svg ico',
  video: 'mp4 m4v webm mov ogv',
  audio: 'mp3 m4a ogg oga opus flac wav',
  pdf: 'pdf',
  text: 'txt md csv tsv log json yaml yml toml ini conf xml html htm css js ts jsx tsx py rb go rs c h cpp sh sql srt vtt tex',
  archive: 'zip gz tgz bz2 xz zst 7z rar tar',
}

const byExtension = new Map(
  Object.entries(extensions).flatMap(([type, list]) =>
    list.split(' ').map(name => [name, type as FileType] as const),
  ),
)

/** What a name promises; the content is never trusted for it. */
export function fileType(name: string): FileType {
  return byExtension.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) ?? 'other'
}
