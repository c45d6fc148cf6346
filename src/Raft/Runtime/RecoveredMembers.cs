using System.Buffers;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>Who the members are by what a data folder holds: the snapshot's manifest, then the entries behind it.</summary>
internal static class RecoveredMembers
{
    /// <summary>What is in force at the snapshot; without one, what the cluster begins with.</summary>
    /// <exception cref="ReplicaException">The snapshot does not tell.</exception>
    public static PlacedConfiguration At(SnapshotManifest? snapshot, Configuration initial)
    {
        if (snapshot is null)
            return new(LogIndex.Zero, initial);
        return SnapshotMembers.TryRead(snapshot.Description.Members.Span)
            ?? throw new ReplicaException($"The snapshot at {snapshot.Position} does not tell who the members are: another version of the program wrote it; start that one, or replace this replica.");
    }

    /// <summary>The configurations in the log behind an index, in order.</summary>
    /// <exception cref="ReplicaException">An entry that should be one cannot be read as one.</exception>
    public static List<PlacedConfiguration> Behind(LogIndex after, SegmentedLog log)
    {
        var found = new List<PlacedConfiguration>();
        var bytes = new ArrayBufferWriter<byte>();
        for (var index = LogIndex.Max(after, log.Base.Index).Next; index <= log.Last.Index; index = index.Next)
        {
            if (log.ShapeOf(index).Kind != EntryKind.Configuration)
                continue;
            bytes.ResetWrittenCount();
            log.Read(index, index, int.MaxValue, bytes);
            var isRead = LogRecord.TryRead(bytes.WrittenSpan, out var record);
            var configuration = isRead ? ConfigurationFormat.TryRead(bytes.WrittenSpan.Slice(LogRecord.HeaderSize, record.Length)) : null;
            found.Add(new(index, configuration ?? throw new ReplicaException($"Entry {index} should be a configuration and cannot be read as one: another version of the program wrote it; start that one.")));
        }

        return found;
    }
}
