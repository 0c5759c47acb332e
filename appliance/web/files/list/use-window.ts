import { type RefObject, useEffect, useLayoutEffect, useState } from 'react'

interface Window {
  first: number
  last: number
  /** Height of everything, and how far down the first shown row begins. */
  heightPx: number
  topPx: number
}

const extraRows = 8

/** Which rows of one height a scrolling element shows: of 100,000 only some thirty are in the document. */
export function useWindow(scroller: RefObject<HTMLElement | null>, rows: number, rowPx: number): Window {
  const [view, setView] = useState({ top: 0, height: 800 })
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    let frame = 0
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const lookSoon = () => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(look)
    }
    const resized = new ResizeObserver(lookSoon)
    resized.observe(element)
    element.addEventListener('scroll', lookSoon, { passive: true })
    look()
    return () => {
      cancelAnimationFrame(frame)
      resized.disconnect()
      element.removeEventListener('scroll', lookSoon)
    }
  }, [scroller])
  const first = Math.max(0, Math.floor(view.top / rowPx) - extraRows)
  const last = Math.min(rows, Math.ceil((view.top + view.height) / rowPx) + extraRows)
  return { first, last, heightPx: rows * rowPx, topPx: first * rowPx }
}

/** Scrolls just as far as needed to show the row, when `row` changes. */
export function useRowInView(scroller: RefObject<HTMLElement | null>, row: number, rowPx: number): void {
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element || row < 0) return
    const top = row * rowPx
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + rowPx > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowPx - element.clientHeight
  }, [scroller, row, rowPx])
}
