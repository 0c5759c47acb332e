import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Answer } from '../../kit/answer.tsx'
import classes from './preview.module.css'
import { readContent } from './read-content.ts'

/** By the browser's own viewer. What the box serves may not be framed, so the bytes are read first. */
export function PdfPreview({ address, name }: { address: string; name: string }) {
  const document = useQuery({
    queryKey: ['preview', address],
    gcTime: 0,
    async queryFn({ signal }) {
      const bytes = await (await readContent(address, {}, signal)).arrayBuffer()
      return new Blob([bytes], { type: 'application/pdf' })
    },
  })
  return <Answer query={document}>{blob => <Framed blob={blob} name={name} />}</Answer>
}

function Framed({ blob, name }: { blob: Blob; name: string }) {
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return address === undefined ? null : <iframe src={address} title={name} className={classes.document} />
}
