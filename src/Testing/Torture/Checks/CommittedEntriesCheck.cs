using System.Buffers;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>
/// No commit without a quorum, by what is on the disks of stopped nodes: each entry up to the last that any node called committed is held, with the same
/// term and the same bytes, by a quorum of the voters; and no two nodes hold different bytes at the same index and term.
/// </summary>
/// <remarks>
/// What a snapshot stands in for cannot be compared entry by entry, and counts as held. A minority may hold something else in such a place: the tail of a
/// leader that lost its place before others heard of it, which the next leader would have replaced.
/// </remarks>
internal static class CommittedEntriesCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "committed entries";

    private const int Chunk = 1 << 20;

    /// <summary>Looks at the disks.</summary>
    /// <param name="folders">The data folder of each node; none of them runs.</param>
    /// <param name="views">What nodes said before they were stopped.</param>
    public static RunCheck Check(IReadOnlyDictionary<int, string> folders, IReadOnlyDictionary<int, NodeView> views) =>
        RunHistories.Timed(Judge.AllWorkloads, Checker, () => Find(folders, views));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyDictionary<int, string> folders, IReadOnlyDictionary<int, NodeView> views)
    {
        var commit = views.Values.Select(static view => view.Commit).DefaultIfEmpty().Max();
        var voters = views.Values.OrderByDescending(static view => view.IsLeader).ThenByDescending(static view => view.Term).FirstOrDefault()?.Voters is { Count: > 0 } told ? told : [.. folders.Keys];
        var disks = folders.Where(folder => voters.Contains(folder.Key)).OrderBy(static folder => folder.Key).Select(static folder => DiskLog.Read(folder.Key, folder.Value)).ToArray();
        var readable = disks.Where(static disk => disk.Problem is null).ToArray();
        if (commit == 0)
            return (Verdict.Undecided, "No node told what is committed.");
        if (ProblemOf(readable, commit, voters.Count, disks.Length - readable.Length) is { } problem)
            return (Verdict.Illegal, problem);
        var quorum = (voters.Count / 2) + 1;
        if (readable.Length < quorum)
            return (Verdict.Undecided, $"Only {readable.Length} of {voters.Count} voters' logs can be read: {disks.FirstOrDefault(static disk => disk.Problem is not null)?.Problem ?? "the others have no folder here"}");
        return (Verdict.Linearizable, $"The {commit} committed entries are on the disks of a quorum of {voters.Count} voters, and {readable.Length} readable logs agree.");
    }

    // A disk that cannot be read may have held the entry: it is given the benefit of the doubt.
    private static string? ProblemOf(DiskLog[] logs, long commit, int voters, int unreadable)
    {
        var quorum = (voters / 2) + 1;
        for (var index = 1L; index <= commit; index++)
        {
            var held = logs.Select(log => (log.Node, Entry: log.At(index))).Where(static one => one.Entry is not null).ToArray();
            var covered = logs.Count(log => index <= log.Snapshot);
            foreach (var term in held.GroupBy(static one => one.Entry!.Value.Term))
            {
                if (term.Select(static one => one.Entry!.Value.Hash).Distinct().Count() > 1)
                    return $"Entry {index} of term {term.Key} has different bytes on the disks of nodes {string.Join(", ", term.Select(static one => one.Node))}.";
            }
            var most = held.Where(one => index > logs.First(log => log.Node == one.Node).Snapshot).GroupBy(static one => one.Entry).Select(static same => same.Count()).DefaultIfEmpty().Max();
            if (most + covered + unreadable < quorum)
                return $"Entry {index} was called committed, and only {most + covered} of {voters} voters hold it: {string.Join(", ", held.Select(static one => $"node {one.Node} in term {one.Entry!.Value.Term}"))}.";
        }
        return null;
    }

    /// <summary>What is on the disk of a node: 16 bytes an entry.</summary>
    private sealed class DiskLog
    {
        private readonly List<(long Term, ulong Hash)> _entries = [];
        private long _first = 1;

        private DiskLog(int node) => Node = node;

        public int Node { get; }

        /// <summary>Why it cannot be read; null if it can.</summary>
        public string? Problem { get; private set; }

        /// <summary>The last entry that a snapshot stands in for.</summary>
        public long Snapshot { get; private set; }

        public static DiskLog Read(int node, string folder)
        {
            var log = new DiskLog(node);
            try
            {
                using var frozen = FrozenFolder.Open(folder);
                log.Open(frozen);
            }
            catch (IOException unreadable)
            {
                log.Problem = unreadable.Message;
            }
            return log;
        }

        public (long Term, ulong Hash)? At(long index) => index >= _first && index - _first < _entries.Count ? _entries[(int)(index - _first)] : null;

        private void Open(IDisk disk)
        {
            if (LogInspector.Inspect(disk) is not { } report)
            {
                Problem = "the folder holds no log.";
                return;
            }
            var cluster = report.Cluster is { } id ? Guid.Parse(id) : Guid.Empty;
            var opening = Storage.Open(disk, new(cluster, new(report.Node ?? Node)), new(), saltSeed: 1);
            if (opening.Storage is not { } storage)
            {
                Problem = opening.Problem!.Sentence;
                return;
            }
            using (storage)
            {
                Snapshot = storage.Snapshots.Newest?.Position.Index.Value ?? 0;
                _first = storage.Log.Base.Index.Value + 1;
                ReadEntries(storage.Log);
            }
        }

        private void ReadEntries(SegmentedLog log)
        {
            var bytes = new ArrayBufferWriter<byte>(Chunk);
            for (var next = log.Base.Index.Next; next <= log.Last.Index;)
            {
                bytes.Clear();
                next += log.Read(next, log.Last.Index, Chunk, bytes);
                for (var rest = bytes.WrittenSpan; LogRecord.TryReadHeader(rest, out var record); rest = rest[record.Size..])
                    _entries.Add((record.Position.Term.Value, HashOf(rest[..record.Size])));
            }
        }

        // FNV-1a: two different entries at one place would have to be made for each other to have the same.
        private static ulong HashOf(ReadOnlySpan<byte> record)
        {
            var hash = 14_695_981_039_346_656_037UL;
            foreach (var value in record)
                hash = (hash ^ value) * 1_099_511_628_211UL;
            return hash;
        }
    }
}
