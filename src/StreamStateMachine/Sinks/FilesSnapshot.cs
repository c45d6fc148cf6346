using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The files of a job's sinks in a snapshot, behind the job's entries: [bytes, bytes ...], the sinks in the order of their declaration and of each the oldest file first. Which files these are, how long, and with which
/// checksums, the entries say.
/// </summary>
internal static class FilesSnapshot
{
    /// <summary>Writes the files, pausing wherever the piece is full.</summary>
    public static IEnumerable<bool> Steps(IReadOnlyList<CapturedFile> files, PieceWriter piece)
    {
        WriteHead(piece, files.Count);
        foreach (var file in files)
        {
            if (piece.IsFull)
                yield return true;
            WriteFileHead(piece, file);
            while (!file.IsRead)
            {
                if (piece.IsFull)
                    yield return true;
                piece.Advance(file.Read(piece.GetSpan(PieceWriter.LargestItem)[..PieceWriter.LargestItem]));
            }
        }
    }

    /// <summary>Makes the files of a job whose entries were read, in a folder that has none of them.</summary>
    /// <exception cref="InvalidDataException">The bytes are not those of the files that the entries know.</exception>
    /// <exception cref="IOException">The medium failed or is full.</exception>
    public static void Read(SnapshotWindow window, JobFiles files, Job job)
    {
        var kept = job.Files.Select(sink => (files.WriterOf(sink), files.KeptBy(sink))).ToList();
        var reader = window.Reader();
        if (!reader.TryReadArrayHeader(out var count) || count != kept.Sum(static one => one.Item2.Count))
            throw window.Damaged("the count of a job's files");
        window.Advance(reader.Position);
        var buffer = new byte[PieceWriter.PieceSize];
        foreach (var (writer, its) in kept)
        {
            foreach (var file in its)
                Read(window, writer, file, buffer);
            if (its.Count > 0)
                writer.BeginAt(its[0].Generation);
        }
    }

    private static void Read(SnapshotWindow window, SinkWriter writer, in SinkFile file, byte[] buffer)
    {
        var reader = window.Reader();
        if (!reader.TryReadBinaryHeader(out var length) || length != file.Length)
            throw window.Damaged("the length of a job's file");
        window.Advance(reader.Position);
        var register = Crc32C.Start;
        for (var offset = 0L; offset < file.Length;)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, file.Length - offset));
            if (!window.TryCopy(part))
                throw window.Damaged("a job's file that is cut short");
            register = Crc32C.Append(register, part);
            writer.Write(file.Generation, offset, part);
            offset += part.Length;
        }

        if ((register ^ Crc32C.Start) != file.Crc)
            throw window.Damaged("a checksum that is not that of a job's file");
    }

    private static void WriteHead(PieceWriter piece, int files) => new MessagePackWriter(piece).WriteArrayHeader(files);

    private static void WriteFileHead(PieceWriter piece, CapturedFile file) => new MessagePackWriter(piece).WriteBinaryHeader((int)file.Length);
}
