import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import {
  copyFile,
  deleteFiles,
  type Entry,
  folderKey,
  type Listing,
  makeFolder,
  moveFile,
} from '../../api/files.ts'
import { restoreTrash } from '../../api/trash.ts'
import { ApiFailure } from '../../kit/api/failure.ts'
import { useToast } from '../../kit/toast.tsx'
import { joinPath, nameOf, parentOf } from '../path.ts'
import { findDeleted } from './find-deleted.ts'

/** What somebody does to files. Rename, move and delete show at once and can be undone; a copy waits for the box. */
export function useChanges() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()

  function edit(folder: string, change: (entries: Entry[]) => Entry[]) {
    client.setQueryData<Listing>(folderKey(folder), listing =>
      listing ? { ...listing, entries: change(listing.entries) } : listing,
    )
  }

  function askAgain(...folders: string[]) {
    for (const folder of new Set(folders)) void client.invalidateQueries({ queryKey: folderKey(folder) })
  }

  async function rename(path: string, name: string, isUndo = false): Promise<void> {
    const folder = parentOf(path)
    const from = nameOf(path)
    const to = joinPath(folder, name)
    await client.cancelQueries({ queryKey: folderKey(folder) })
    edit(folder, entries => entries.map(entry => (entry.name === from ? { ...entry, name } : entry)))
    try {
      await moveFile({ from: path, to })
      const undo = () => void rename(to, from, true)
      toast.done({ text: t('change.renamed', { from, to: name }), ...(isUndo ? {} : { onUndo: undo }) })
    } catch (error) {
      edit(folder, entries => entries.map(entry => (entry.name === name ? { ...entry, name: from } : entry)))
      toast.failed(error)
    } finally {
      askAgain(folder)
    }
  }

  async function move(paths: readonly string[], folder: string, isUndo = false): Promise<void> {
    const moved: { from: string; to: string }[] = []
    for (const path of paths.filter(path => parentOf(path) !== folder)) {
      const to = joinPath(folder, nameOf(path))
      await client.cancelQueries({ queryKey: folderKey(parentOf(path)) })
      edit(parentOf(path), entries => entries.filter(entry => entry.name !== nameOf(path)))
      try {
        await moveFile({ from: path, to })
        moved.push({ from: path, to })
      } catch (error) {
        toast.failed(error)
        break
      }
    }
    askAgain(folder, ...paths.map(parentOf))
    const [first] = moved
    if (!first) return
    const source = parentOf(first.from)
    const undo = () =>
      void move(
        moved.map(({ to }) => to),
        source,
        true,
      )
    const text = t('change.moved', {
      count: moved.length,
      name: nameOf(first.from),
      folder: nameOf(folder) || t('files.home'),
    })
    toast.done({ text, ...(isUndo ? {} : { onUndo: undo }) })
  }

  async function copy(paths: readonly string[], folder: string): Promise<void> {
    for (const path of paths) await copyFile({ from: path, to: joinPath(folder, nameOf(path)) })
    askAgain(folder)
    const [first = ''] = paths
    toast.done({
      text: t('change.copied', {
        count: paths.length,
        name: nameOf(first),
        folder: nameOf(folder) || t('files.home'),
      }),
    })
  }

  async function remove(folder: string, entries: readonly Entry[]): Promise<void> {
    const names = new Set(entries.map(({ name }) => name))
    await client.cancelQueries({ queryKey: folderKey(folder) })
    edit(folder, all => all.filter(({ name }) => !names.has(name)))
    try {
      await deleteFiles([...names].map(name => joinPath(folder, name)))
      const text = t('change.deleted', { count: names.size, name: entries[0]?.name })
      toast.done({ text, onUndo: () => void bringBack(folder, entries) })
    } catch (error) {
      toast.failed(error)
    } finally {
      askAgain(folder)
      void client.invalidateQueries({ queryKey: ['trash'] })
    }
  }

  async function bringBack(folder: string, entries: readonly Entry[]): Promise<void> {
    try {
      const { restored, failed } = await restoreTrash(await findDeleted(folder, entries), {
        whenTaken: 'rename',
      })
      if (failed[0]) toast.failed(new ApiFailure({ status: 409, ...failed[0] }))
      else {
        const name = nameOf(restored[0]?.path ?? '')
        toast.done({ text: t('change.broughtBack', { count: restored.length, name }) })
      }
    } catch (error) {
      toast.failed(error)
    } finally {
      askAgain(folder)
    }
  }

  async function create(path: string): Promise<void> {
    await makeFolder(path)
    await client.invalidateQueries({ queryKey: folderKey(parentOf(path)) })
  }

  return { rename, move, copy, remove, create }
}

export type Changes = ReturnType<typeof useChanges>
