/** Three stones, the smallest on top. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      stroke="var(--cairn-accent)"
      strokeWidth="2.2"
      strokeLinejoin="round"
    >
      {stones.map(stone => (
        <path key={stone} d={stone} />
      ))}
    </svg>
  )
}

// The same outlines as in mark.svg, which browsers want as a file of its own.
const stones = [
  'M13.2 4.6c2.7-1.1 6.1-.5 6.9 1.6.8 2.2-1.1 4.2-4.1 4.3-3 .1-5.3-1-5.5-2.9-.1-1.3 1-2.3 2.7-3z',
  'M10 11.9c3.6-1.7 10.4-2 13 .3 2.1 1.9.5 5.3-3.5 6-4.3.7-9.7.6-11.7-1.5-1.5-1.7-.2-3.7 2.2-4.8z',
  'M8 19.7c4.7-1.7 13.6-1.9 18 .5 3.2 1.8 2.7 5.7-1.7 6.9-5 1.3-13.2 1.3-17.3-.1-4-1.4-3.6-5.6 1-7.3z',
]
