using System.Buffers.Binary;

namespace RaftStream.Raft.Log;

/// <summary>Where a chunk stands.</summary>
/// <param name="File">0: in the snapshot's own file; else in the base of that number, counted from 1.</param>
/// <param name="Offset">The offset of its header in bytes.</param>
internal readonly record struct ChunkPlace(int File, long Offset);

/// <summary>An older snapshot's file that holds chunks of a newer one.</summary>
/// <param name="Position">The position of that older snapshot: it names the file.</param>
/// <param name="Records">The bytes that chunks take in that file.</param>
internal readonly record struct SnapshotBase(LogPosition Position, long Records);

/// <summary>
/// The end of a snapshot file: where each chunk stands, which ones they are, and the manifest. The places are this replica's own, all else
/// is the same on all.
/// </summary>
/// <param name="Manifest">The manifest.</param>
/// <param name="List">The chunks.</param>
/// <param name="Places">Where each stands.</param>
/// <param name="Bases">The files besides its own, all of older snapshots.</param>
/// <param name="Records">The bytes that chunks take in its own file, from its start on.</param>
/// <remarks>
/// Little-endian. Behind the chunks: a place for each chunk {file (u32), offset (i64)}; the bases {index (i64), term (i64), bytes of chunks (i64)};
/// how many bases (u32) and CRC32C (u32) of places, bases and that number; the pieces of the list; the manifest. It is found from the end.
/// [safety] A base has a lower index than the snapshot, so that no two files can need each other, and removing the newest damaged
/// ones never takes from an older one.
/// </remarks>
internal sealed record SnapshotLayout(SnapshotManifest Manifest, ChunkList List, ChunkPlace[] Places, SnapshotBase[] Bases, long Records)
{
    /// <summary>Bases at the most: as many files are open for each snapshot that is read, besides its own.</summary>
    public const int MaxBases = 15;

    private const int PlaceSize = 12;
    private const int BaseSize = 24;
    private const int FooterSize = 8;

    /// <summary>What it takes in a file, in bytes.</summary>
    public static long SizeOf(SnapshotManifest manifest, int bases) =>
        PlacesSize(manifest.Chunks, bases) + ChunkList.SizeOf(manifest.Chunks) + manifest.Size;

    /// <summary>The bytes that end a file.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[SizeOf(Manifest, Bases.Length)];
        var rest = bytes.AsSpan();
        foreach (var place in Places)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, place.File);
            BinaryPrimitives.WriteInt64LittleEndian(rest[4..], place.Offset);
            rest = rest[PlaceSize..];
        }

        foreach (var from in Bases)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, from.Position.Index.Value);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], from.Position.Term.Value);
            BinaryPrimitives.WriteInt64LittleEndian(rest[16..], from.Records);
            rest = rest[BaseSize..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(rest, (uint)Bases.Length);
        var end = bytes.Length - rest.Length + sizeof(uint);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[4..], Crc32C.Of(bytes.AsSpan(0, end)));
        rest = rest[FooterSize..];
        for (var piece = 0; piece < ChunkList.PiecesOf(List.Count); piece++)
        {
            var size = ChunkList.SizeOfPiece(List.Count, piece);
            List.WritePiece(piece, rest[..size]);
            rest = rest[size..];
        }

        Manifest.ToBytes().CopyTo(rest);
        return bytes;
    }

    /// <summary>Reads the end of a file whose manifest is known. Null: it is damaged, at <paramref name="damage"/>.</summary>
    /// <exception cref="IOException">The medium failed.</exception>
    public static SnapshotLayout? Read(IDiskFile file, SnapshotManifest manifest, out long damage)
    {
        var chunks = manifest.Chunks;
        var listStart = file.Length - manifest.Size - ChunkList.SizeOf(chunks);
        damage = Math.Max(0, listStart - FooterSize);
        Span<byte> footer = stackalloc byte[FooterSize];
        if (listStart < PlacesSize(chunks, 0) || file.Read(damage, footer) < FooterSize)
            return null;
        var bases = BinaryPrimitives.ReadUInt32LittleEndian(footer);
        if (bases > MaxBases || listStart < PlacesSize(chunks, (int)bases))
            return null;

        var records = listStart - PlacesSize(chunks, (int)bases);
        damage = records;
        var places = new byte[listStart - records];
        if (file.Read(records, places) < places.Length || BinaryPrimitives.ReadUInt32LittleEndian(places.AsSpan(^4)) != Crc32C.Of(places.AsSpan(..^4)))
            return null;
        damage = listStart;
        if (ReadList(file, listStart, manifest) is not { } list)
            return null;
        damage = records;
        var layout = new SnapshotLayout(manifest, list, new ChunkPlace[chunks], new SnapshotBase[bases], records);
        return layout.TryParse(places) ? layout : null;
    }

    private static long PlacesSize(int chunks, int bases) => ((long)chunks * PlaceSize) + ((long)bases * BaseSize) + FooterSize;

    private static ChunkList? ReadList(IDiskFile file, long offset, SnapshotManifest manifest)
    {
        var list = new ChunkList();
        for (var piece = 0; piece < ChunkList.PiecesOf(manifest.Chunks); piece++)
        {
            var bytes = new byte[ChunkList.SizeOfPiece(manifest.Chunks, piece)];
            if (file.Read(offset, bytes) < bytes.Length || !list.TryAddPiece(bytes, manifest.Chunks))
                return null;
            offset += bytes.Length;
        }

        return list.IsOf(manifest) ? list : null;
    }

    private bool TryParse(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes[(Places.Length * PlaceSize)..];
        for (var number = 0; number < Bases.Length; number++, rest = rest[BaseSize..])
        {
            var index = BinaryPrimitives.ReadInt64LittleEndian(rest);
            var term = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]);
            Bases[number] = new(new(new(index), new(term)), BinaryPrimitives.ReadInt64LittleEndian(rest[16..]));
            if (index < 1 || term < 1 || index >= Manifest.Position.Index.Value)
                return false;
        }

        for (var chunk = 0; chunk < Places.Length; chunk++, bytes = bytes[PlaceSize..])
        {
            var place = new ChunkPlace(BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]));
            if (place.File < 0 || place.File > Bases.Length)
                return false;
            var end = place.File == 0 ? Records : Bases[place.File - 1].Records;
            if (place.Offset < 0 || place.Offset > end - List[chunk].RecordSize)
                return false;
            Places[chunk] = place;
        }

        return true;
    }
}
