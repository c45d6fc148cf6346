using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The jobs in a snapshot, one MessagePack value behind the store's: ["raftstream-jobs", 1, name, fingerprint, entries, files, name ...], the names in ordinal order, the entries as
/// <see cref="StateSnapshot"/> has them and the files as <see cref="FilesSnapshot"/> has. It is missing where no job was begun.
/// </summary>
internal static class JobsSnapshot
{
    private const int Version = 1;
    private const int HeadItems = 2;
    private const int ItemsOfJob = 4;

    private static ReadOnlySpan<byte> Magic => "raftstream-jobs"u8;

    /// <summary>Writes the jobs, pausing wherever the piece is full.</summary>
    public static IEnumerable<bool> Steps(IReadOnlyList<CapturedJob> jobs, PieceWriter piece)
    {
        WriteHead(piece, jobs.Count);
        foreach (var (job, tree, files) in jobs)
        {
            if (piece.IsFull)
                yield return true;
            WriteJob(piece, job);
            foreach (var step in StateSnapshot.Steps(tree, piece))
                yield return step;
            if (piece.IsFull)
                yield return true;
            foreach (var step in FilesSnapshot.Steps(files, piece))
                yield return step;
        }
    }

    /// <exception cref="InvalidDataException">The bytes are no jobs, are damaged, or are of jobs that this program does not define.</exception>
    public static void Read(SnapshotWindow window, JobTable jobs)
    {
        var reader = window.Reader();
        if (reader.Remaining == 0)
            return;
        if (!reader.TryReadArrayHeader(out var items) || (items - HeadItems) % ItemsOfJob != 0 || !reader.TryReadStringBytes(out var magic) || !magic.SequenceEqual(Magic))
            throw window.Damaged("the start of the jobs");
        if (!reader.TryReadInt64(out var version) || version != Version)
            throw new InvalidDataException($"The jobs in the snapshot have layout {version} and this release reads layout {Version}: use the release that wrote it.");
        window.Advance(reader.Position);
        string? last = null;
        for (var i = 0; i < (items - HeadItems) / ItemsOfJob; i++)
        {
            reader = window.Reader();
            if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var name) || !StoreLimits.IsName(name) || !reader.TryReadUInt64(out var fingerprint) || string.CompareOrdinal(last, name) >= 0)
                throw window.Damaged("the name of a job");
            window.Advance(reader.Position);
            var instance = jobs.Restore(name, fingerprint);
            StateSnapshot.Read(window, instance.Tree);
            FilesSnapshot.Read(window, instance.Context.Files, instance.Job);
            last = name;
        }
    }

    private static void WriteHead(IBufferWriter<byte> output, int jobs)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(HeadItems + (ItemsOfJob * jobs));
        writer.WriteString(Magic);
        writer.Write((long)Version);
    }

    private static void WriteJob(IBufferWriter<byte> output, Job job)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteString(job.Name);
        writer.Write(job.Fingerprint);
    }
}
