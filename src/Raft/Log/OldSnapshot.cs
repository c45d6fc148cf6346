namespace RaftStream.Raft.Log;

/// <summary>
/// Reads the layout of a snapshot of version 1, whose chunks stand one behind the other and have numbers. It is read to its end, because
/// the keys of its chunks are nowhere in it. From then on it is a snapshot like any other: it is restored and handed on in the form
/// of version 2, the same bytes from every replica that has it. Nothing refers to its chunks.
/// </summary>
internal static class OldSnapshot
{
    /// <summary>Reads it. Null: the chunk that begins at <paramref name="damage"/> is damaged, or the file has another length than it must have.</summary>
    /// <exception cref="IOException">The medium failed.</exception>
    public static SnapshotLayout? Read(IDiskFile file, SnapshotManifest manifest, out long damage)
    {
        damage = manifest.Length + ((long)manifest.Chunks * SnapshotChunk.HeaderSize);
        if (file.Length != damage + manifest.Size)
            return null;
        var list = new ChunkList();
        var places = new ChunkPlace[manifest.Chunks];
        var buffer = new byte[(int)Math.Min(SnapshotChunk.MaxSize, damage)];
        var end = damage;
        for (var number = 0; number < places.Length; number++)
        {
            damage = (long)number * SnapshotChunk.MaxSize;
            var chunk = buffer.AsSpan(0, (int)Math.Min(SnapshotChunk.MaxSize, end - damage));
            if (file.Read(damage, chunk) < chunk.Length || !SnapshotChunk.IsValidOld(chunk, number))
                return null;
            list.Add(ChunkKey.Of(SnapshotChunk.DataOf(chunk)));
            places[number] = new(0, damage);
        }

        return new(manifest with { ListHash = list.Hash(), IsOld = false }, list, places, [], end);
    }
}
