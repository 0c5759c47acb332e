import { type DragEvent, type DragEventHandler, useState } from 'react'
import { isWithin, joinPath } from './path.ts'

const pathsType = 'application/x-cairn-paths'

export function dragPaths(event: DragEvent, paths: readonly string[]): void {
  event.dataTransfer.setData(pathsType, JSON.stringify(paths))
  event.dataTransfer.effectAllowed = 'move'
}

interface Dropped {
  onMove: (paths: string[], folder: string) => void
  onFiles: (transfer: DataTransfer, folder: string) => void
}

/** Handlers for a folder that takes what is dragged on it: things of this page, or files from outside. */
export function createDropTarget({ onMove, onFiles }: Dropped) {
  return (folder: string): Record<'onDragOver' | 'onDragLeave' | 'onDrop', DragEventHandler> => ({
    onDragOver(event) {
      if (!isWelcome(event)) return
      event.preventDefault()
      event.stopPropagation()
      event.currentTarget.setAttribute('data-dropping', '')
    },
    onDragLeave(event) {
      event.currentTarget.removeAttribute('data-dropping')
    },
    onDrop(event) {
      event.currentTarget.removeAttribute('data-dropping')
      if (!isWelcome(event)) return
      event.preventDefault()
      event.stopPropagation()
      if (hasFiles(event)) return onFiles(event.dataTransfer, folder)
      const paths: string[] = JSON.parse(event.dataTransfer.getData(pathsType))
      if (!paths.some(path => isWithin(folder, path))) onMove(paths, folder)
    },
  })
}

export type DropTarget = ReturnType<typeof createDropTarget>

/** For the page as a whole: says while files from outside hang over it, and takes them. */
export function useFileDrop(onFiles: (transfer: DataTransfer) => void) {
  const [isOver, setOver] = useState(false)
  return {
    isOver,
    handlers: {
      onDragOver(event: DragEvent) {
        if (!hasFiles(event)) return
        event.preventDefault()
        setOver(true)
      },
      onDragLeave(event: DragEvent) {
        const isStillInside =
          event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)
        if (!isStillInside) setOver(false)
      },
      onDrop(event: DragEvent) {
        setOver(false)
        if (!hasFiles(event)) return
        event.preventDefault()
        onFiles(event.dataTransfer)
      },
    },
  }
}

export function pathsIn(folder: string, names: Iterable<string>): string[] {
  return [...names].map(name => joinPath(folder, name))
}

function isWelcome(event: DragEvent): boolean {
  return hasFiles(event) || event.dataTransfer.types.includes(pathsType)
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes('Files')
}
