import type { Group } from '../schema.ts'
import type { UserStore } from '../store/index.ts'
import type { News } from './news.ts'

export interface Groups {
  list(): Promise<Group[]>
  create(group: Group): Promise<Group>
  setMembers(name: string, members: string[]): Promise<Group>
  remove(name: string): Promise<void>
}

export function createGroups({ store, news }: { store: UserStore; news: News }): Groups {
  return {
    list: store.groups.list,
    async create({ name, members }) {
      await store.groups.insert({ name, members })
      await news.usersChanged(null)
      return { name, members }
    },
    async setMembers(name, members) {
      await store.groups.setMembers(name, members)
      await news.usersChanged(null)
      return { name, members }
    },
    async remove(name) {
      await store.groups.remove(name)
      await news.usersChanged(null)
    },
  }
}
