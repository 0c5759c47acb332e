/** A Map that forgets its oldest entry when it is full; setting a key makes it the newest. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly limit: number

  constructor(limit: number) {
    super()
    this.limit = limit
  }

  override set(key: K, value: V): this {
    this.delete(key)
    const oldest = this.keys().next()
    if (this.size >= this.limit && !oldest.done) this.delete(oldest.value)
    return super.set(key, value)
  }
}
